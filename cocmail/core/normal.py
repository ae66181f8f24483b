"""One form for letters that are written in several ways (Unicode's normalization, UAX #15).

Owns how much of a text is brought into a form: Python takes the square of a run of marks for it,
and nothing else runs meanwhile. Refuses to know what the text is. Called wherever two texts are
compared, by core.commands, and by filters (through core.filtering).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Literal

_MOST = 30  # marks in a row, more than any language has (UAX #15 section 13)
_RUN = re.compile(rf"[^\x00-\u02ff\w]{{{_MOST + 1},}}")  # marks or other signs; found fast
# One sign for eighteen letters, one for eight, and two of half width that are marks at full width
_FIRST = (("\ufdfa", " "), ("\ufdfb", " "), ("\uff9e", "\u3099"), ("\uff9f", "\u309a"))


def normalized(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """For comparing, never for showing: marks beyond the thirtieth in a row are left out, and a
    sign that stands for a whole phrase is a space where others become what they stand for."""
    if text.isascii():
        return text
    if form.startswith("NFK"):
        for sign, other in _FIRST:
            text = text.replace(sign, other)
    return unicodedata.normalize(form, _RUN.sub(_cut, text))


@cache
def _beyond() -> re.Pattern[str]:
    """Made when the first is found: hardly any mail has one."""
    in_use = range(0x300, 0x20000)  # no mark stands elsewhere
    marks = "\u0f73\u0f75\u0f81" + "".join(  # none by themselves, but made of nothing else
        chr(code) for code in in_use if unicodedata.combining(chr(code))
    )
    return re.compile(f"[{marks}](?<=[{marks}]{{{_MOST + 1}}})[{marks}]*")


def _cut(run: re.Match[str]) -> str:
    return _beyond().sub("", run[0])


def composed(text: str) -> str:
    """For what is passed on: all of it, in NFC but for marks beyond the thirtieth in a row."""
    if not _RUN.search(text):
        return unicodedata.normalize("NFC", text)
    beyond = [*_beyond().findall(text), ""]
    pieces = (unicodedata.normalize("NFC", piece) for piece in _beyond().split(text))
    return "".join(one + rest for one, rest in zip(pieces, beyond, strict=True))
