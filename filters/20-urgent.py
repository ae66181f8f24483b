"""Words of immediate danger mark the case as urgent.

Looks for what people write when somebody may be hurt now: threats to life, weapons, suicide,
somebody at the door. Looks at quotations too, because a threat is often quoted. Takes pains not
to fire on the talk of programmers, who kill processes all day; where it does fire for nothing, a
case is looked at sooner than it had to be, and that is all that happens. For the same reason it
takes no notice of a "not": "he did not say that he will kill me" is urgent, too.

Case and accents don't count: who is afraid writes as quickly as the keyboard lets them.

To add to it, copy it under another name (21-urgent-here.py) and change the phrases.
"""

from __future__ import annotations

import re

from cocmail.core.filtering import Incoming, Pass, Urgent, Verdict, normalized

_PERSON = r"(?:me|us|you|him|her|them|myself|himself|herself|themselves|yourself)"

_PHRASES = (
    # English
    rf"(?:to|will|would|gonna|wanna|ll|might|may|could|and|should|must|i) (?:kill|murder|stab|rape"
    rf"|strangle|shoot) {_PERSON}\b",
    r"(?:kill|hurt|harm|cut)(?:ing|s)? (?:my|him|her|them|your)sel(?:f|ves)",
    r"death threats?",
    r"threaten(?:s|ed|ing)? to (?:kill|murder|rape|shoot|stab|hurt|harm|beat)",
    r"threaten(?:s|ed|ing)? (?:(?:my|his|her) life|with (?:a |his |her )?(?:gun|knife|weapon"
    r"|violence))",
    r"(?:has|have|had|brought|bring(?:s|ing)?|carr(?:ies|ying)|pulled|owns?) (?:a|his|her|the)"
    r" (?:loaded )?(?:gun|knife|weapon|rifle|pistol|firearm)(?![\w-])",
    r"suicid(?:e|al)\b",
    r"(?:end|ending|take|taking) (?:my|his|her|their) (?:own )?life\b(?! cycle)",
    r"(?:want|wants|going|wish) to die",
    r"(?:don t|do not|doesn t) want to (?:live|be alive)",
    r"(?:is|are|was|be|am|m|s|re|feel|still) in (?:immediate|imminent|grave|serious|physical|acute"
    r"|real) danger",
    r"(?:i m|i am|we are|we re|she is|he is|they are|life is|lives are) in danger\b",
    r"(?:fear(?:s|ing)?|afraid|scared) for (?:my|his|her|their|our) (?:life|lives|safety)",
    r"(?:is|are|s|re|standing|waiting|came|was|were|showed up) (?:now |right now )?"
    r"(?:outside|in front of|at) (?:my|our|her|his)"
    r" (?:house|home|flat|door|apartment|hotel|room|office|school)",
    r"(?:follow(?:ed|ing)|stalk(?:ed|ing)) (?:me|her|him|us)"
    r" (?:home|right now|now|to (?:my|her|the) (?:house|home|hotel|room))",
    r"knows? where (?:i|we|she|he) lives?",
    r"(?:published|posted|leaked|shared) my (?:home )?address",
    r"(?:rape[ds]?|raping|sexually assault\w*) (?:me|her|him|us|them)\b",
    r"(?:i|she|he) was (?:raped|sexually assaulted)",
    # German
    r"bring\w* (?:mich|dich|sie|ihn|uns|euch) um|(?:mich|dich|sie|ihn|uns) (?:umbringen|umzubringen"
    r"|töten|toeten|zu töten|zu toeten|abstechen|erschiessen|vergewaltigen)",
    r"morddrohung\w*|todesdrohung\w*|selbstmord\w*|suizid\w*|das leben nehmen|nicht mehr leben",
    r"in (?:akuter |unmittelbarer |grosser )?(?:lebensgefahr\b|gefahr\b(?! laufen))"
    r"|angst um (?:mein|ihr|sein) leben",
    r"(?:steht|stand|wartet|lauert) (?:\w+ ){0,4}vor (?:meiner|unserer|der)"
    r" (?:haus)?(?:tür|tuer|wohnung)",
    r"(?:hat|mit) (?:einer?|einem) (?:messer|waffe|pistole)\b|weiss wo ich wohne",
    # French
    r"(?:me|te|la|le|les|nous|se|vous) (?:tuer|suicider|poignarder|violer)|menac\w* de mort",
    r"en danger (?:immédiat|imminent|de mort)|(?:je suis|elle est|il est) en danger",
    r"suicid(?:e|aire)|mettre fin à (?:mes|ses) jours|peur pour ma vie|envie de mourir",
    r"devant (?:ma porte|chez moi)|à ma porte|sait où j habite",
    # Spanish
    r"(?:matarme|matarte|matarla|matarlo|matarnos|matarse|suicidarme|suicidarse|suicidio|violarme)",
    r"(?:me|te|la|lo|nos) va(?:n)? a matar|te voy a matar|amenaz\w* de muerte|quiero morir",
    r"(?:en|corro) peligro(?: (?:inmediato|de muerte)| ahora)?\b(?= |$)(?! de (?:romper|regres))",
    r"miedo por mi vida|sabe dónde vivo|frente a mi (?:casa|puerta)",
    # Portuguese
    r"me matar|te matar|matar-me|ameaç\w* de morte|suicídio|quero morrer|perigo de vida"
    r"|em perigo imediato|na (?:minha )?porta de casa|sabe onde (?:eu )?moro",
    # Italian
    r"uccidermi|ucciderti|ucciderla|ucciderlo|minacc\w* di morte|suicid(?:io|armi|arsi)"
    r"|voglio morire|pericolo di vita|in pericolo immediato|sotto casa mia|sa dove abito",
    # Dutch
    r"(?:me|mij|haar|hem|ons|zich) (?:vermoorden|doodmaken|neersteken)|doodsbedreiging\w*|zelfmoord"
    r"|in levensgevaar|in direct gevaar|voor mijn deur|weet waar ik woon",
    # Polish
    r"zabi(?:ć|ję) (?:mnie|cię|się|ją|go)|(?:mnie|cię|się|ją|go) zabi(?:ć|je|ję)|grozi\w* śmiercią"
    r"|samobójstw\w*|zagrożenie życia|wie gdzie mieszkam",
    # Russian, Ukrainian
    r"уб(?:ить|ью|ьёт|ьет) (?:меня|тебя|её|ее|его|себя|нас)"
    r"|(?:меня|тебя|её|ее|его|нас) убь?[ёеию]т?\w*|угро\w+ убийством"
    r"|самоубийств\w*|покончить с собой|в опасности",
    r"вб(?:ити| ?ю| ?є) (?:мене|тебе|її|його|себе)|самогубств\w*|в небезпеці|погро\w+ вбивством",
    # Swedish, Danish, Norwegian
    r"(?:döda|mörda|dræbe|drepe) (?:mig|dig|meg|deg|henne|hende|honom|ham)|dödshot\w*|dødstrus\w*"
    r"|drapstrus\w*|självmord\w*|selvmord\w*|i livsfara|i livsfare",
    # Turkish
    r"(?:beni|seni|onu|bizi|kendimi) öldür\w*|ölüm tehdidi|intihar\w*|hayatım tehlikede",
    # Chinese, Japanese, Korean, Arabic, Persian, Hindi
    r"杀了我|杀我|杀死我|殺了我|殺我|自杀|自殺|死亡威胁|死亡威脅|生命危险|生命危險"
    r"|殺してやる|殺す(?:ぞ|と脅)|殺され|命の危険|죽이겠|죽여버|자살|살해 협박",
    r"سيقتلني|سأقتلك|يقتلني|تهديد بالقتل|انتحار|خطر على حياتي"
    r"|خودکشی|تهدید به مرگ|आत्महत्या|जान से मार",
)

_ACCENTS = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})


def _bare(text: str) -> str:
    """Without the accents of Latin, Greek and Cyrillic; in other scripts marks are letters."""
    apart = normalized("NFD", text)
    return normalized("NFC", _ACCENTS.sub("", apart)).translate(_LETTERS)


# Looked for where a word begins, and nowhere else: the test stands before all phrases, not in each.
_DANGER = re.compile(rf"(?<![^\W_])(?:{_bare('|'.join(_PHRASES[:-2]))})|{'|'.join(_PHRASES[-2:])}")

# Said of nobody: taken out before looking.
_HARMLESS = re.compile(
    r"suicide (?:burns?|linux|gene|mission)"
    # What we say ourselves, and a reporter's answer quotes.
    r"|if (?:\w+ ){1,4}(?:is|are|re|s) in (?:\w+ )?danger"
)
_APOSTROPHES = re.compile("['’‘`´ʼ]")
_MOST = 200_000  # characters, also of what one sign stands for: some stand for eighteen


def judge(mail: Incoming) -> Verdict:
    if mail.automatic:
        return Pass()  # a bounce that quotes our own words
    text = normalized("NFKC", f"{mail.subject}\n{mail.text[:_MOST]}")[:_MOST]
    text = _bare(text.casefold()).replace(">", " ").replace(",", " ")
    text = " ".join(_APOSTROPHES.sub(" ", text).split())
    if _DANGER.search(_HARMLESS.sub("…", text)):
        return Urgent(why="It has words in it that people use in immediate danger.")
    return Pass()
