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
    rf"|strangle|shoot) (?:{_PERSON[3:-1]}|u|ya|urself)\b",
    r"kys\b|(?:want|wants|wanted|wish) (?:me|her|him|us|you) dead\b|you (?:are|re) (?:a )?dead"
    r" (?:man|woman|girl|boy|meat)|slit (?:my|your|her|his|ur) (?:throat|wrists?)|better off dead",
    r"bomb threats?|(?:blow|shoot)(?:ing)? up (?:the|your|our|my|her|his) (?:conference|venue"
    r"|office"
    r"|house|home|school|building|meetup|event)",
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
    r"(?:don t|dont|do not|doesn t|doesnt) (?:want to|wanna) (?:live|be alive)\b",
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
    r"(?:stech|knall|schlitz|murks)\w* (?:mich|dich|sie|ihn|uns|euch) (?:ab|auf)\b"
    r"|(?:mach|schlag)\w* (?:mich|dich|sie|ihn|uns|euch) (?:kalt|tot)\b|töte[nt]? (?:mich|dich"
    r"|euch)"
    r"|(?:mich|dich|sie|ihn|uns|euch) (?:abzustechen|abzuknallen|abknallen|totschlagen|kaltmachen"
    r"|erwürgen|erstechen)|(?:mich|dich|sie|ihn|uns) (?:\w+ ){0,3}vergewaltigt?\b"
    r"|vergewaltigt worden",
    r"(?:mir|sich|dir) (?:etwas|was) an(?:zu)?tun|ich will (?:(?:nur|noch|einfach|endlich)"
    r" ){0,3}sterben"
    r"|mit dem tode? (?:be|ge)?droht?|droht\w* (?:mir|ihr|ihm|uns) mit dem tod",
    r"morddrohung\w*|todesdrohung\w*|selbstmord\w*|suizid\w*|das leben nehmen|nicht mehr leben",
    r"in (?:akuter |unmittelbarer |grosser )?(?:lebensgefahr\b|gefahr\b(?! laufen))"
    r"|angst um (?:mein|ihr|sein) leben",
    r"(?:steht|stand|wartet|lauert) (?:\w+ ){0,4}vor (?:meiner|unserer|der)"
    r" (?:haus)?(?:tür|tuer|wohnung)",
    r"(?:hat|mit) ein(?:e[mnr]?)? (?:messer|waffe|pistole)\b|weiss wo (?:ich|wir|sie) wohn\w+",
    # French
    r"(?:me|te|la|le|les|nous|se|vous) (?:tuer|suicider|poignarder|violer)|menac\w* de mort",
    r"(?:m|t|l|s|me|te|la|nous|se|vous) (?:égorger|étrangler|assassiner|buter|crever|tuerai?"
    r"|tuera)\b"
    r"|faire la peau|tu vas (?:mourir|crever)|(?:je veux|veut) (?:mourir|crever)"
    r"|plus envie de vivre"
    r"|(?:m|l|nous) (?:a|ont) violée?s?\b|me foutre en l air|(?:il|elle) (?:a|avait)"
    r" une? (?:couteau"
    r"|arme|flingue|fusil|pistolet)\b|en bas de chez moi|jusque? (?:à )?chez moi",
    r"en danger (?:immédiat|imminent|de mort)|(?:je suis|elle est|il est) en danger",
    r"suicid(?:e|aire)|mettre fin à (?:mes|ses) jours|peur pour ma vie|envie de mourir",
    r"devant (?:ma porte|chez moi)|à ma porte|sait où j habite",
    # Spanish
    r"(?:matarme|matarte|matarla|matarlo|matarnos|matarse|suicidarme|suicidarse|suicidio|violarme)",
    r"(?:me|te|la|lo|nos) va(?:n)? a matar|te voy a matar|amenaz\w* de muerte|quiero morir",
    r"(?:en|corro) peligro(?: (?:inmediato|de muerte)| ahora)?\b(?= |$)(?! de (?:romper|regres))",
    r"(?:me|te|la|nos|os) (?:quieren?|voy|vas?|van) (?:a )?(?:matar|violar|apuñalar|rajar)"
    r"|te (?:mato|rajo)\b|(?:acabar con|quitarme) (?:mi|la) vida|no quiero (?:seguir )?(?:vivir"
    r"|viviendo)"
    r"|me (?:violó|violaron)|tiene una? (?:arma|cuchillo|pistola|navaja)\b|amenaz\w* con matar"
    r"|(?:a?fuera|en la puerta) de mi casa|hasta mi casa|estoy en peligro",
    r"(?:miedo|temo) por mi vida|sabe dónde vivo|frente a mi (?:casa|puerta)",
    # Portuguese
    r"me matar|te matar|matar-me|ameaç\w* de morte|suicídio|quero morrer|perigo de vida"
    r"|matar você|mato você|te mato\b|me estupr\w+|tem uma (?:arma|faca|pistola)\b"
    r"|tirar (?:a )?minha"
    r" vida|acabar com (?:a )?minha vida|não quero mais viver|(?:estou|corro) (?:em )?perigo"
    r"|me suicidar"
    r"|medo pela minha vida|me violou"
    r"|em perigo imediato|na (?:minha )?porta de casa|sabe onde (?:eu )?moro",
    # Italian
    r"uccidermi|ucciderti|ucciderla|ucciderlo|minacc\w* di morte|suicid(?:io|armi|arsi)"
    r"|(?:mi|ti|ci|vi) (?:ammazz(?:o|a|ano|er\w+)|uccid(?:o|e|ono|er\w+)|sgozz\w+|accoltell\w+"
    r"|strangol\w+)\b|ammazzar(?:mi|ti|la|ci|si|vi)\b|(?:mi|l|ti) (?:ha|hanno) (?:stuprat"
    r"|violentat)\w*"
    r"|farla finita|togliermi la vita|non voglio più vivere|ha un(?:a)? (?:coltello|pistola|arma)\b"
    r"|(?:sono|siamo) in pericolo|(?:temo|paura) per la mia vita|sa dove (?:vivo|sto di casa)"
    r"|davanti a casa mia"
    r"|voglio morire|pericolo di vita|in pericolo immediato|sotto casa mia|sa dove abito",
    # Dutch
    r"(?:me|mij|haar|hem|ons|zich) (?:vermoorden|doodmaken|neersteken)|doodsbedreiging\w*|zelfmoord"
    r"|(?:vermoord|maak)t? (?:me|mij|je|jou|haar|ons) (?:dood|kapot)\b|vermoordt? (?:me|mij|je"
    r"|jou|haar)"
    r"|(?:me|mij|je|jou|haar|ons) (?:vermoorden|afmaken|doodslaan|doodschieten|neerschieten|wurgen"
    r"|verkrachten|verkracht)\b|met de dood (?:be)?dreig\w*|(?:ik|ze|hij) wil dood\b"
    r"|niet meer leven"
    r"|(?:heeft|had) een (?:mes|pistool|wapen|vuurwapen)\b|bang voor mijn leven"
    r"|in levensgevaar|in direct gevaar|voor mijn deur|weet waar ik woon",
    # Polish
    r"zabi(?:ć|ję) (?:mnie|cię|się|ją|go)|(?:mnie|cię|się|ją|go) zabi(?:ć|je|ję)(?! proces)"
    r"|grozi\w* śmiercią"
    r"|(?:zajebi|zamorduj|zarżn|potn)\w* (?:mnie|cię|się|ją|go|was)|(?:mnie|cię|ją|go) (?:zajebi"
    r"|zamorduj"
    r"|zamordow|potn|zgwałc)\w*|zgwałc\w+ (?:mnie|ją|cię)|grozi\w* (?:mi|jej|mu|nam) śmierci\w*"
    r"|gro[zź]\w+ śmierci|chcę umrzeć|nie chcę (?:już )?żyć|(?:odebrać|odbiorę) sobie życie"
    r"|(?:on|ona|że) ma (?:nóż|broń|pistolet)\b|(?:pod|przed) moim(?:i)? (?:domem|drzwiami|blokiem)"
    r"|o (?:swoje|moje|jej) życie|(?:jestem|jest) w niebezpieczeństwie|samobójcz\w*"
    r"|samobójstw\w*|zagrożenie życia|wie gdzie mieszkam",
    # Russian, Ukrainian
    r"уб(?:ить|ью|ьёт|ьет) (?:меня|тебя|её|ее|его|себя|нас)"
    r"|(?:меня|тебя|её|ее|его|нас) убь?[ёеию]т?\w*|угро\w+ убийством"
    r"|(?:зарежу|прикончу|застрелю|задушу|порежу|завалю|зарежет|застрелит) (?:меня|тебя|её|его"
    r"|вас|нас)"
    r"|(?:меня|тебя|её|его|вас|нас) (?:зареж|прикончу|застрел|задуш|изнасил)\w*"
    r"|изнасил\w+ (?:меня|её"
    r"|тебя)|угрожа\w+ (?:мне |ей |ему |нам )?(?:убийством|смертью|расправой|ножом|оружием)"
    r"|(?:хочу|хочет) умереть|не хочу (?:больше )?жить|(?:у него|у неё) (?:есть )?(?:нож|пистолет"
    r"|оружие)"
    r"|(?:у|под|перед|возле) (?:моей|моим|моими|моего) (?:двер|дом|окн|подъезд)\w*|знает где я живу"
    r"|за (?:свою|её|мою) жизнь|покончу с собой|суицид\w*|убей(?:ся| себя)",
    r"самоубийств\w*|покончить с собой|в опасности",
    r"вб(?:ити| ?ю| ?є) (?:мене|тебе|її|його|себе)|самогубств\w*|в небезпеці|погро\w+ вбивством",
    r"(?:мене|тебе|її|його|нас|вас) (?:вб(?:ити| ?ю| ?є| ?ють)|заріж\w*|застрел\w*|зґвалт\w*)"
    r"|уб ?ю тебе"
    r"|(?:заріж|застрел)\w* (?:мене|тебе|її|його)|зґвалт\w+ (?:мене|її)|погро\w+ (?:мені |їй "
    r"|йому )?"
    r"(?:вбивством|смертю|ножем|зброєю)|хочу померти|не хочу (?:більше )?жити|знає де я живу"
    r"|за (?:своє|моє|її) життя|покінч\w+ (?:з|із) собою|у (?:нього|неї) (?:є )?(?:ніж|зброя"
    r"|пістолет)"
    r"|(?:під|перед|біля) мо(?:їми?|єю|го|єї) (?:двер|буд|дом|вікн|під їзд)\w*",
    # Swedish, Danish, Norwegian
    r"(?:döda|mörda|dræbe|drepe) (?:mig|dig|meg|deg|henne|hende|honom|ham)|dödshot\w*|dødstrus\w*"
    r"|drapstrus\w*|självmord\w*|selvmord\w*|i livsfara|i livsfare",
    # Turkish
    r"(?:beni|seni|onu|bizi|kendimi) öldür\w*|(?:beni|seni|bizi|sizi) (?:gebert|vurac|vuraca"
    r"|bıçakla|boğac|boğaz)\w*"
    r"|(?:sizi|kendini|kendisini) öldür\w*|ölümle tehdit|ölüm tehdit\w*|tecavüz\w*|ölmek istiyor\w*"
    r"|yaşamak istemiyor\w*|(?:bıçağı|silahı|tabancası) var|(?:kapımın|evimin) önünde|kapımda\b"
    r"|(?:nerede|nerde) (?:oturduğumu|yaşadığımı)|hayatımdan (?:endişe|kork)\w*|canıma kıy\w*"
    r"|ölüm tehdidi|intihar\w*|hayatım tehlikede",
    # Chinese, Japanese, Korean, Arabic, Persian, Hindi
    r"[杀殺](?:死|掉|了)*[我你您妳她他](?!们?的?[进進线線]程|们?的?程[序式])|[弄砍捅打掐勒](?:死"
    r"|死了)[我你您妳她他]"
    r"|[强強][奸姦暴]|性侵|[轻輕]生|不想活|活不下去|想死(?!你|妳)|要[我你她他](?:的)?命|持刀"
    r"|拿着刀|拿著刀"
    r"|[我她]家门口|[我她]家門口|知道[我她]住|(?:生命|人身)受到威[胁脅]|自杀|自殺|死亡威胁"
    r"|死亡威脅|生命危险|生命危險"
    r"|殺してやる|殺す(?:ぞ|よ|と(?:脅|言|いう))|(?<!プロセス[がはも])(?<!ジョブ[がはも])"
    r"(?<!スレッド[がはも])"
    r"(?<!コンテナ[がはも])(?<!サーバ[がはも])(?<!oom[にで])(?<!oom に)(?<!killer[にで])"
    r"(?<!killer に)"
    r"(?<!カーネルに)殺され|命の危険|ぶっ殺|ブッ殺|(?:お前|おまえ|てめえ|あなた|君|私|僕|俺|彼女?"
    r"|娘|家族|あいつ)を?殺"
    r"|殺害|死にたい|レイプ|強姦|性的暴行|刃物|包丁を|ナイフを(?:持|突)|家の前[にで]|待ち伏せ"
    r"|住所を知ら"
    r"|(?<!프로세스를 )(?<!프로세스 )(?<!스레드를 )(?<!데몬을 )(?<!서버를 )죽(?:이겠|여 ?버"
    r"|인다고|일 ?거)"
    r"|(?:너|널|나를|날|저를|절|당신을?|그녀를|우리를) 죽[이여일인]|자살|살해 ?(?:협박|위협|하겠)"
    r"|죽고 ?싶|성폭행|강간"
    r"|칼을 들|[집문] 앞에 (?:와|서) ?있|어디 사는지 알",
    r"سيقتلني|سأقتلك|يقتلني|تهديد بالقتل|انتحار|خطر على حياتي"
    r"|[أابه]قتل(?:ك|ها)\b|[يت]قتل(?:ك|ها|نا)\b|سنقتلك|بالقتل|[أاب]ذبحك|اغتصب\w*"
    r"|[أا]ريد [أا]ن [أا]موت"
    r"|(?:[أا]نا|حياتي|حياتها|نحن) في خطر|معه (?:سكين|سلاح|مسدس)|[أا]مام (?:بيتي|منزلي|باب بيتي)"
    r"|يعرف (?:[أا]ين|وين) (?:[أا]سكن|ساكن\w*)|على حياتي\b|[أا]نتحر"
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
