"""The subjects by which people's mail programs say that they are away, in words of their own.

Owns the phrases, and that a time or nothing at all must follow: “Out of office until Monday” is a
notice, “Out of office hours he calls me” is a report. Refuses to know marks in headers. Called by
core.automatic.
"""

from __future__ import annotations

import re

# English, German, French, Spanish, Italian, Dutch, Portuguese. Each stands at the beginning.
_AWAY = re.compile(
    r"(?:i(?:['’]?m| am) )?(?:currently )?(?P<office>out[ -]of(?:[ -]the)?[ -]office|ooo"
    r"|(?:ich bin )?(?:zurzeit |derzeit )?nicht im büro|(?:je suis )?hors du bureau"
    r"|(?:estoy )?fuera de (?:la )?oficina|fuori ufficio|(?:ik ben )?niet op kantoor"
    r"|(?:estou )?fora do escritório)\b"
    r"|(?:i(?:['’]?m| am) )?(?:currently )?(?:away from (?:my desk|the office)"
    r"|on (?:annual |parental |maternity |paternity )?(?:leave|vacation|holidays?|pto))\b"
    r"|(?:ich bin )?(?:abwesend|abwesenheit|im urlaub|außer haus|in elternzeit)\b"
    r"|(?:je suis )?(?:absente?|absent\(e\)|absence|en congés?|en vacances)(?!\w)"
    r"|(?:estoy )?(?:ausente|ausencia|de vacaciones)\b|assente\b|assenza\b|in ferie\b"
    r"|(?:ik ben )?(?:afwezig|afwezigheid|met vakantie|op vakantie|met verlof)\b"
    r"|(?:estou )?(?:ausência|de férias|em férias)\b",
    re.IGNORECASE,
)
_NOTICE = re.compile(r"\W*(?:(?:notification|notice|message|reply|response)\W*)?", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_FAR = 16  # words


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNTIL = _words(
    "until till til through thru back returning bis zurück wieder jusqu retour hasta regreso "
    "vuelvo fino sino rientro tot terug até retorno volto"
)
_WHEN = _words(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs "
    "fri sat sun january february march april may june july august september october november "
    "december jan feb mar apr jun jul aug sep sept oct nov dec tomorrow week weeks notice "
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag januar jänner "
    "februar märz mai juni juli oktober dezember mo di mi do fr sa so okt dez morgen woche "
    "wochen weiteres lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars "
    "avril juin juillet août septembre octobre novembre décembre demain semaine ordre lunes "
    "martes miércoles jueves viernes sábado domingo enero febrero marzo abril mayo junio "
    "julio agosto septiembre octubre noviembre diciembre mañana semana aviso lunedì martedì "
    "mercoledì giovedì venerdì sabato domenica gennaio febbraio aprile maggio giugno luglio "
    "settembre ottobre dicembre domani settimana avviso maandag dinsdag woensdag donderdag "
    "vrijdag zaterdag zondag januari februari maart mei augustus mrt nader segunda terça "
    "quarta quinta sexta janeiro fevereiro março maio junho julho setembro outubro novembro "
    "dezembro amanhã"
)
_BESIDE = _words(
    "from to on and the next end of am pm st nd rd th today inclusive vom von bis ab zum den "
    "dem und auf einschließlich nächste nächsten nächster du au le à et inclus prochaine "
    "prochain nouvel nouveau del al el de y la desde próxima próximo nuevo dal il e prossima "
    "nuovo van vanaf met en volgende order do da a ao feira novo"
)


def is_notice(subject: str) -> bool:
    """Whether somebody's mail program wrote it, as far as its words tell."""
    found = _AWAY.match(subject)
    if found is None:
        return False
    after = _NOTICE.match(subject, found.end())
    at = after.end() if after else found.end()
    words = [word.lower() for word in _WORD.findall(subject[at : at + 400])[:_FAR]]
    if not words:
        return bool(found["office"])
    if words[0] in _UNTIL:
        return any(map(_is_time, words[1:5]))
    beside = [word for word in words if not _is_time(word)]
    return len(beside) < len(words) and _BESIDE.union(_UNTIL).issuperset(beside)


def _is_time(word: str) -> bool:
    return word in _WHEN or word[0].isdigit()
