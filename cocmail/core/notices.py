"""The subjects that mail programs and servers write of themselves, by language.

Owns the phrases of notices of absence and of bounces that bear no other mark, and the form in which
each must stand: people write the same words in a sentence. Refuses to know marks in headers, and
absences with a time (core.away). Called by core.automatic.
"""

from __future__ import annotations

import re

# The word, and then a colon: what the program answers follows.
_BEFORE_A_COLON = (
    r"ooo|oof|out of office|vacation auto-?reply|on vacation|away from (?:the )?office",
    r"abwesend|abwesenheit|außer haus|nicht im haus|urlaubsmeldung",  # de
    r"absente?|absent\(e\)|hors du bureau|en congés?",  # fr
    r"fuera de (?:la )?oficina|ausente|assente|fuori ufficio|fora do escritório",  # es it pt
    r"afwezig|niet aanwezig|frånvaro|frånvarande|fravær|fraværende|ikke til ?stede",  # nl sv da no
    r"poissa|poissaolo|nieobecny|nieobecna|nieobecność|poza biurem",  # fi pl
    r"odsutan|odsutna|odsutnost|izvan ureda|odsoten|odsotna|odsotnost",  # hr sl
    r"mimo kancelář|nepřítomen|nepřítomnost|mimo kancelárie|házon kívül|irodán kívül",  # cs sk hu
    r"в отпуске|отпуск|вне офиса|нет на работе|у відпустці|ofis dışında|εκτός γραφείου",
)
# The word alone.
_ALONE = (
    r"frånvarande|fraværende|afwezig|poissa|nieobecny|nieobecna|poza biurem|nepřítomen",
    r"отпуск|в отпуске|я в отпуске|вне офиса|休暇中|不在|不在です|休假中|外出中|부재중|휴가 중",
)
# What nobody writes of anything else, however it goes on.
_AT_THE_BEGINNING = (
    r"vacation re: ",
    r"afwezigheids(?:bericht|melding|assistent)|abwesenheits(?:meldung|benachrichtigung|info)\b",
    r"frånvaromeddelande|fraværs(?:besked|melding|assistent)|poissaoloviesti",
    r"message d['’]absence\s*(?::|$)|mensaje de ausencia\s*(?::|$)|messaggio di assenza\s*(?::|$)",
    r"休暇中(?:です|のため|の[:：])|不在(?:のお知らせ|連絡)|【自動(?:返信|応答)】",
    r"부재중 (?:자동|알림)",
    r"message recall (?:success|failure|report)|please confirm your message\s*$|anti-?spam uol\b",
    # What a filter keeps for whom it filters.
    r"(?:\S+ )?(?:user )?(?:(?:spam|e-?mail|mail) )?quarantine"
    r" (?:summary|notification|report|digest)",
    r"spam (?:notification|digest|report|summary): \d|end[- ]user digest:",
    r"microsoft 365 security: you have messages in quarantine",
    # Of a letter that did not arrive.
    r"benachrichtigung (?:zum|über den) (?:übermittlungs|zustell(?:ungs)?)status",
    r"notificaci[óo]n (?:de|del) estado de (?:la )?entrega",
    r"notifica(?:zione)? (?:di|dello|sullo) stato (?:di |del |della )?(?:recapito|consegna)",
    r"notificação (?:de|do) (?:status|estado) d[ea] entrega",
    r"notification (?:d['’]état|de l['’]état|de statut) de (?:la )?(?:remise|distribution)",
    r"e-?mail-zustellung fehlgeschlagen|leveransstatus(?:meddelande|avisering)",
    r"powiadomienie o (?:stanie|statusie) (?:dostarczenia|doręczenia)",
    r"уведомление о (?:статусе |состоянии )?доставк[еи]|メール配信(?:エラー|失敗)",
    r"系统退信|退信通知|邮件投递失败|投递状态通知|メール送信エラー",
)
# These also begin sentences: nothing may follow, or what a server puts behind its words.
_THEN_NO_SENTENCE = (
    r"[ée]chec de (?:la )?(?:remise|distribution|livraison)(?: d(?:u|e votre) message)?",
    r"mancat[oa] (?:recapito|consegna)(?: del messaggio)?|recapito non riuscito",
    r"zustellung fehlgeschlagen|(?:ihre )?(?:e-?mail|nachricht) konnte nicht zugestellt werden",
    r"error (?:de|en la) entrega|entrega fallida|falha na entrega(?: da mensagem)?",
    r"bezorging mislukt|mislukte bezorging|bezorgfout|leveransfel|leveringsfejl|leveringsfeil",
    r"(?:сообщение|письмо) не доставлено|недоставленное сообщение|ошибка доставки",
    r"niedostarczona wiadomość|doručení se nezdařilo|投递失败|退信|配信エラー",
)
_OFFICE = (
    r"(?:is (?:currently )?out of (?:the )?office|ist (?:zurzeit )?(?:außer haus|nicht im büro)"
    r"|est absente?(?: du bureau)?|est absent\(e\)|está (?:ausente|fuera de la oficina)"
    r"|è (?:assente|fuori ufficio|fuori sede)|is niet op kantoor|is afwezig"
    r"|är inte på kontoret|er ikke på kontoret)"
)
_ANY = (
    rf"(?:{'|'.join(_BEFORE_A_COLON)})\s?[:：]",
    rf"(?:{'|'.join(_ALONE)})\W*$",
    *_AT_THE_BEGINNING,
    rf"(?:{'|'.join(_THEN_NO_SENTENCE)})\s*(?:[.:：(（\[]|$)",
    # Notes: the name as its directory has it, "Anna Muster/EXAMPLE/DE".
    rf"[^/:]{{1,60}}(?:/[^/:\s]{{1,40}}){{1,5}} {_OFFICE}\b",
    # Or as people have it: two or three words, and nothing follows but a time in brackets.
    rf"[^\s/:]+(?: [^\s/:]+){{1,2}} {_OFFICE}\W*(?:\([^()]{{1,60}}\)\W*)?$",
)
_BEGINS = re.compile("|".join(_ANY), re.IGNORECASE)
_PROGRAM = r"auto(?:mat(?:ic|ed))?[ -]?(?:reply|response)|automatische antwort|réponse automatique"
_ENDS = re.compile(rf"[(\[](?:{_PROGRAM})[)\]]\s*$", re.IGNORECASE)
_ANSWER_ENDS = re.compile(r"(?:re|aw|antw|sv|vs): .*[(\[]out[ -]of[ -]office[)\]]\s*$", re.I)
_MOST = 1000  # characters of a subject


_RECEIPT = re.compile(
    r"(?:(?:not )?read|(?:nicht |un)?gelesen|(?:non )?lue?|(?:no )?leído|(?:non )?letto"
    r"|(?:niet )?gelezen|(?:não )?lida|o?läst|(?:ikke )?læst|(?:ikke )?lest|luettu|przeczytane"
    r"|přečteno|прочитано|прочтено|okundu|开封|已读|開封済み|읽음|recall|rückruf|rappel)\s?[:：]",
    re.IGNORECASE,
)
_OF_A_RECEIPT = re.compile(
    r"was read on|was (?:deleted without being|not) read|has been (?:read|displayed)"
    r"|wurde [^\n]{0,80}gelesen|gelesen am|a été (?:lue?|supprimée?|affichée?)\b"
    r"|(?:se |fue )leíd[oa]|è stat[oa] (?:lett[oa]|eliminat[oa])|is gelezen|foi lida"
    r"|blev (?:läst|læst)|ble lest|would like to recall|möchte [^\n]{0,200}zurückrufen"
    r"|souhaite rappeler",
    re.IGNORECASE,
)
_BEGINNING = 2000  # characters of a text


def is_receipt(subject: str, text: str) -> bool:
    """Whether a mail program says so that a mail was read, or taken back. The subject alone is a
    person's as well: they say nothing else, or the sentence of one."""
    if not _RECEIPT.match(subject.strip()[:_MOST]):
        return False
    return not text.strip() or _OF_A_RECEIPT.search(text[:_BEGINNING]) is not None


def of_a_program(subject: str) -> bool:
    """Whether a program wrote it, as far as its words and their form tell."""
    subject = subject.strip()[:_MOST]
    return any(
        (_BEGINS.match(subject), _ENDS.search(subject), _ANSWER_ENDS.match(subject)),
    )
