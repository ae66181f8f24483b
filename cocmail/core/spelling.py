"""Names and addresses as people see them: what can't be seen is named, what looks alike is told.

Owns which characters hide, turn round or imitate. Refuses to judge: a name is shown as it is, with
what stands in it. Called by templates (`spelled`) and by casework (`remark`).

Sources: Unicode UAX #9 (bidirectional controls), UTS #39 (mixed scripts, look-alikes), RFC 5891.
"""

from __future__ import annotations

import re
import unicodedata

from cocmail.core.names import plain
from cocmail.core.normal import normalized
from cocmail.core.people import Mailbox, Roster

# Blank or invisible, though Unicode calls them letters, marks or symbols.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_HIDDEN = frozenset({"Cf", "Cc", "Cs", "Zl", "Zp", "Cn"})
_JOINERS = frozenset("\u200c\u200d")  # many scripts, and emoji, are spelt with them
_JOINED = frozenset({"Lo", "Mn", "Mc", "So", "Sk"})
_VARIANTS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})
_LOOKS = str.maketrans(
    "аеорсухіјѕԁһӏԛԝвкмнтαορνικτυχεϲϳıɪɩl1ɑɡƅ",
    "aeopcyxijsdhiqwbkmhtaopviktuxecjiiiiiagb",
)
"""Small letters and figures that pass for another Latin one; a stroke is i, whichever it was: I is
no other than l in many a typeface."""
_MOST_NAMED = 3


def spelled(text: str) -> str:
    """The same, with every character that hides or turns round shown by its number, as [U+202E]."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"[U+{ord(char):04X}]" if _hides(text, at) else char for at, char in enumerate(text)
    )


def _hides(text: str, at: int) -> bool:
    char = text[at]
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if char in _JOINERS:
        return not (_joined(before) and _joined(after))
    if _VARIANTS.match(char):
        return not (
            before and (unicodedata.category(before) in _JOINED or before in "0123456789#*")
        )
    return char in _BLANK or unicodedata.category(char) in _HIDDEN


def _joined(char: str) -> bool:
    return bool(char) and (unicodedata.category(char) in _JOINED or bool(_VARIANTS.match(char)))


def remark(sender: Mailbox, roster: Roster) -> str:
    """What a reader would not see in a sender's name and address; "" where all is as it looks."""
    found: list[str] = []
    if "@" in sender.name and sender.address not in plain(sender.name).split():
        found.append("Its name holds an address that isn't the sender's.")
    if roster.by_address(sender.address) is None and _like_a_member(sender.name, roster):
        found.append("Its name reads like a committee member's, and the address isn't theirs.")
    if odd := _named(_mixed(sender.name)):
        found.append(f"Its name mixes alphabets: {odd}.")
    if odd := _named([c for c in sender.address if not c.isascii()]):
        found.append(f"Its address holds more than plain letters: {odd}.")
    return " ".join(found)


def _like_a_member(name: str, roster: Roster) -> bool:
    read = _skeleton(name)
    return bool(read) and any(read == _skeleton(m.name) for m in roster.members)


def _skeleton(name: str) -> str:
    return plain(name.replace("|", "l")).translate(_LOOKS)


def _mixed(name: str) -> list[str]:
    """The letters of a word that are of another alphabet than most of it."""
    found: list[str] = []
    for word in _WORD.findall(normalized("NFC", name)):
        scripts = [unicodedata.name(char, "").partition(" ")[0] for char in word]
        there = [one for one in scripts if one in _SCRIPTS]
        if len({*there}) > 1:
            most = max(dict.fromkeys(there), key=there.count)
            found += [c for c, one in zip(word, scripts, strict=True) if one not in (most, "")]
    return found


def _named(letters: list[str]) -> str:
    """“а” is CYRILLIC SMALL LETTER A, …"""
    said = [
        f"“{spelled(c)}” is {unicodedata.name(c, f'U+{ord(c):04X}')}"
        for c in dict.fromkeys(letters)
    ]
    return ", ".join(said[:_MOST_NAMED])
