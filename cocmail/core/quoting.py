"""What of a text its author wrote, and what looks like it came from somewhere else.

Owns where a line ends (`in_lines`), where quoted text begins (`own_text`, on which commands
hang) and the look at a text before it leaves for an outsider (the other functions). Refuses to
guess: `own_text` goes by the mark ``>`` alone, because no reply extraction is safe to gate a
command or a disclosure (mail.md, section 4); the looks may err, since all they do is ask the
author. Everything is linear in the text. Called by core.body, core.opening, core.letters,
core.commands and core.casework.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from cocmail.core.normal import normalized

_QUOTED = re.compile(r"[ \t\u00a0]{0,3}>")
# Where a line ends to people (Unicode, section 5.8), beside the usual; Python splits at some only.
_ENDS = re.compile("[\v\f\x85\u2028\u2029]")
_LONG = 400  # longer lines are nobody's attribution, signature or header


@dataclass(frozen=True, kw_only=True)
class OwnText:
    """The unquoted lines of a text."""

    before: tuple[str, ...] = field(repr=False)  # up to the first quoted line
    after: tuple[str, ...] = field(repr=False)  # unquoted lines below it
    quotes: bool  # whether there is a quoted line at all


def in_lines(text: str) -> str:
    """The same with every end of a line a LF, and so a form feed and Unicode's separators; in a
    quotation these are blanks, lest its rest read as its quoter's own words."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not _ENDS.search(text):
        return text
    return "\n".join(
        _ENDS.sub(" " if _QUOTED.match(line) else "\n", line) for line in text.split("\n")
    )


def own_text(text: str) -> OwnText:
    """Split off the lines that begin with ``>``. An attribution line above them stays."""
    lines = text.split("\n")
    first = next((n for n, line in enumerate(lines) if _QUOTED.match(line)), None)
    if first is None:
        return OwnText(before=tuple(lines), after=(), quotes=False)
    after = tuple(line for line in lines[first:] if not _QUOTED.match(line))
    return OwnText(before=tuple(lines[:first]), after=after, quotes=True)


# -- what a text for outsiders must not carry unseen -------------------------------------------

_HEADER = re.compile(
    r"[\s>|*_]*(?:from|to|cc|bcc|sent|date|subject|reply-to|sender"
    r"|von|an|gesendet|datum|betreff|kopie"
    r"|de|à|a|para|envoyé(?: le)?|objet|asunto|assunto|enviado(?: el| em)?|fecha|data"
    r"|da|inviato|oggetto|van|aan|verzonden|onderwerp"
    r"|från|till|skickat|ämne|fra|til|sendt|emne|lähettäjä|vastaanottaja|lähetetty|aihe"
    r"|od|do|wysłano|temat|komu|odesláno|předmět|от|кому|отправлено|дата|тема|від|надіслано"
    r"|kimden|kime|gönderen|konu|tarih|από|προς|θέμα"
    r"|发件人|收件人|发送时间|主题|寄件者|收件者|主旨|差出人|宛先|件名|送信日時"
    r"|보낸 사람|받는 사람|제목)"
    r"[\s*_]*[:：]",
    re.IGNORECASE,
)
_TECHNICAL = re.compile(
    r"[\s>|*_]*(?:received|return-path|delivered-to|message-id|in-reply-to|references|reply-to"
    r"|x-original-to|envelope-to|dkim-signature|authentication-results|cocmail-[a-z]+"
    r"|mime-version|content-type|content-transfer-encoding)[*_]*:\s*\S",
    re.IGNORECASE,
)

_WROTE = (
    r"wrote|writes|has written|schrieb(?: am)?|geschrieben|hat geschrieben|schreef|a écrit"
    r"|escribió|escribio|ha escrito|escreveu|ha scritto|scrive|va escriure|skrev|kirjoitti"
    r"|napisał(?:\(a\)|a)?|pisze|napsal(?:\(a\)|a)?|napísal(?:\(a\)|a)?|написал(?:\(а\)|а)?"
    r"|писал(?:\(а\)|а)?|пишет|написав(?:\(ла\))?|написала|пише|ezt írta|írta|a scris"
    r"|(?:het volgende )?geschreven"
    r"|şunu yazdı|yazdı|έγραψε|đã viết|menulis|скрев|כתבה?|كتب|写道|寫道|のメール|書きました"
    r"|作成|님이 작성|작성"
)
_ATTRIBUTION = re.compile(
    rf"(?:^|[\s,\"'>)\]\d]|[^\x00-\u2fff])(?:{_WROTE})"
    r"(?:(?:[^:：\n]|(?<=\d):(?=\d)){0,80}[:：]|\s*-{2,})\s*$"
    # Gmail's older form: a date, a zone, a name
    r"|^(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?\s.{0,100}?(?:GMT|UTC|<)",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(
    r"[\s>]*(?:[-_=*]{2,}\s*(?:original (?:message|appointment)|(?:forwarded|reply) message"
    r"|(?:ursprüngliche|original|weitergeleitete) ?nachricht"
    r"|message (?:d'origine|original|transféré)|mensaje (?:original|reenviado)"
    r"|mensagem (?:original|encaminhada)|messaggio (?:originale|inoltrato)"
    r"|(?:oorspronkelijk|doorgestuurd) bericht|(?:ursprungligt|vidarebefordrat) meddelande"
    r"|(?:original|opprinnelig|oprindelig) (?:melding|meddelelse)|alkuperäinen viesti"
    r"|(?:oryginalna|przekazana) wiadomość|wiadomość oryginalna|(?:исходное|пересылаемое) сообщение"
    r"|původní zpráva|原始邮件|原始郵件|元のメッセージ|원본 메시지)\b"
    r"|begin forwarded message|anfang der weitergeleiteten|début du message (?:réexpédié|transféré)"
    r"|inicio del mensaje reenviado|_{20,}\s*$)",
    re.IGNORECASE,
)

_SIGNATURE = re.compile(
    r"\s*(?:sent (?:from|via|with|using) \S|sent on the (?:go|move)|get outlook for"
    r"|(?:von|aus) mein\w{0,2} .{1,40} gesendet|gesendet (?:von|mit|aus)"
    r"|diese nachricht wurde (?:von|mit) .{1,60} gesendet"
    r"|envoyé (?:de|depuis|à partir)|envoyée? avec|télécharger outlook"
    r"|enviado (?:desde|do|de|a partir|con|com|pelo) \S|obtener outlook|obter o outlook"
    r"|inviato (?:da|con|dal) \S|verstuurd (?:vanaf|met|via)|verzonden (?:vanaf|met|via)"
    r"|skickat? från|sendt fra|lähetetty (?:\S+sta|\S+stä|\S+ta)|wysłan[oey] (?:z|ze|przez)"
    r"|odeslán[oa] z|odoslané z|отправлено (?:с|из|от)|надіслано з|trimis de pe|küldve"
    r"|\S+ ?['’]?\w* gönderildi|στάλθηκε από|đã gửi từ|dikirim dari"
    r"|发自我的|發自我的|从我的.{1,20}发送|.{1,20}から送信|.{1,20}에서 보냄|나의 .{1,20}에서)",
    re.IGNORECASE,
)


def header_block(text: str) -> str:
    """The first line of what looks like a mail's header block, "" if there is none: two fields
    within three lines, or one that only mail programs write."""
    recent: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n")):
        if len(line) > _LONG * 4:
            line = line[: _LONG * 4]
        if _TECHNICAL.match(line):
            return line.strip()
        found = _HEADER.match(line)
        if found is None:
            continue
        recent = [(n, one) for n, one in recent if number - n <= 2]
        if recent:
            return recent[0][1]
        recent.append((number, line.strip()))
    return ""


def attribution(text: str) -> str:
    """A line in the manner of "On Monday, Anna wrote:" (wrapped over up to three lines) or of
    "-----Original Message-----", in the languages of common mail clients; "" if there is none."""
    lines = [" ".join(line.split()) for line in text.split("\n")]
    for number, line in enumerate(lines):
        if not line or len(line) > _LONG:
            continue
        if _SEPARATOR.match(line):
            return line
        if line[-1] not in ":：-" and not line[0].isdigit():
            continue
        for count in (1, 2, 3):
            start = number + 1 - count
            joined = " ".join(lines[max(0, start) : number + 1])[-_LONG:]
            if start >= 0 and lines[start] and _ATTRIBUTION.search(joined):
                return joined
    return ""


def signature(text: str, names: Sequence[str] = ()) -> str:
    """A signature's first line: ``-- ``, "Sent from my …" in the languages of common clients, or
    a line that holds nothing but one of these names; "" if there is none."""
    whole = {_plain(name) for name in names} | {
        _plain(word) for name in names for word in name.split() if len(word) > 2
    }
    for line in text.split("\n"):
        if line.rstrip() in ("--", "—") or line == "-- ":
            return "--"
        if len(line) <= _LONG and (_SIGNATURE.match(line) or (_plain(line) in whole - {""})):
            return line.strip()
    return ""


def _plain(text: str) -> str:
    return " ".join(words_of(text))


# A word, or one sign of a script that puts no spaces between words.
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")


def words_of(text: str) -> list[str]:
    """Words without case, punctuation, width or spacing."""
    folded = normalized("NFKC", text.replace("\u00ad", "")).casefold()
    return WORD.findall(folded)


def shared_run(text: str, other: str, words: int = 6) -> str:
    """The first ``words`` words that stand in both texts in a row, "" if there are none."""
    known = set(_runs(words_of(other), words))
    return next((" ".join(run) for run in _runs(words_of(text), words) if run in known), "")


def _runs(words: list[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(islice(words, offset, None) for offset in range(length)), strict=False)
