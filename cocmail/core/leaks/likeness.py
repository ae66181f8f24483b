"""How a text is read so that two spellings of one word are the same word.

Owns what doesn't count: case, accents, width, invisible letters, look-alikes of other scripts, a
line's end inside a word, an inflection. Refuses to know which words matter (commonness) and whose
they are. Everything is linear in the text. Called by the other rooms of this package.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from cocmail.core.markup import unescape
from cocmail.core.normal import normalized

# Scripts that put no spaces between words, and Korean, whose particles stand at a name's end
_SIGN = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff"
)
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]"
)
_BROKEN = re.compile(r"(?<=[^\W\d_])-[ \t]*\r?\n[ \t>|]{0,20}(?=[a-zß-öø-ÿ])")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_LONGEST = 64
_WORD = re.compile(rf"[{_SIGN}]|(?:[^\W_{_SIGN}]|(?<=\w)[\u0300-\u036f]){{1,{_LONGEST}}}")

_LOOKALIKE = str.maketrans(
    # Cyrillic and Greek letters that are drawn like Latin ones, and letters that have no accent
    # to lose.
    {
        "а": "a", "в": "b", "е": "e", "ѕ": "s", "і": "i", "ј": "j", "к": "k", "м": "m", "н": "h",
        "о": "o", "р": "p", "с": "c", "т": "t", "у": "y", "х": "x", "ԁ": "d", "ԛ": "q", "ԝ": "w",
        "һ": "h", "ɡ": "g", "ɑ": "a", "ι": "i", "ο": "o", "ν": "v", "α": "a", "ρ": "p", "τ": "t",
        "υ": "u", "κ": "k", "ε": "e", "η": "n", "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d",
        "æ": "ae", "œ": "oe", "þ": "th", "ӏ": "l", "ѵ": "v", "ɩ": "i", "ո": "n", "օ": "o",
    }
)  # fmt: skip
_DIGITS = str.maketrans("01", "ol")
_TWO_FOR_ONE = re.compile(r"(?<![aeiouq])([aou])e(?=[^aeiou])|a(?=a)")


@dataclass(frozen=True, slots=True)
class Read:
    """A text and its words, each as it is compared, and where it stands."""

    text: str = field(repr=False)
    words: list[str] = field(repr=False)
    starts: list[int] = field(repr=False)
    ends: list[int] = field(repr=False)

    def between(self, first: int, last: int) -> str:
        """The text from one word to another, both included, on one line, not too long."""
        shown = self.text[self.starts[first] : self.ends[last]][:400]
        shown = " ".join(re.sub(r"\n[ \t]*[>|]+", " ", shown).split())
        return shown if len(shown) <= 120 else shown[:117].rstrip() + "…"

    def as_written(self, place: int) -> str:
        """A word with its case."""
        return self.text[self.starts[place] : self.ends[place]]


def read(text: str) -> Read:
    """A text without what readers don't see, and its words in order."""
    if "&" in text:
        text = unescape(text)
    if _ESCAPED.search(text):
        text = unquote(text, errors="replace")
    text = _BROKEN.sub("", _INVISIBLE.sub("", normalized("NFKC", text)))
    found = list(_WORD.finditer(text))
    return Read(
        text, [fold(m.group()) for m in found], [m.start() for m in found], [m.end() for m in found]
    )


def folded(text: str) -> list[str]:
    """The words of a text, where nobody asks where they stand."""
    return read(text).words


def drawn(word: str) -> str:
    """One word as it is drawn: without case, accents and width, in Latin letters where another
    script's look like them."""
    low = word.casefold()
    if low.isascii():
        return low
    spread = normalized("NFKD", low.translate(_LOOKALIKE))
    kept = "".join(c for c in spread if unicodedata.category(c) not in ("Mn", "Cf"))
    return kept.translate(_LOOKALIKE)


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """One word without what doesn't tell it from another; ü, ue and u are one letter."""
    low = drawn(word)
    if not low.isalpha() and not low.isdigit():
        low = low.translate(_DIGITS)
    return _TWO_FOR_ONE.sub(r"\1", low) or low


# -- sentences -------------------------------------------------------------------------------

_BREAK = re.compile(r"[.!?…:;][\s\"'”’»)\]]|\n[ \t>|]*\n|\n[ \t]*(?:[-*•]|\d+[.)])[ \t]|\u3002")
_MOST = 40
"""A sentence that doesn't end is cut after so many words."""


def sentences(text: Read) -> list[range]:
    """The places of each sentence's words."""
    found: list[range] = []
    first = 0
    for place in range(1, len(text.words) + 1):
        if place < len(text.words):
            gap = text.text[text.ends[place - 1] : text.starts[place]]
            initial = len(text.words[place - 1]) == 1 and gap.startswith(".")
            ends = len(gap) > 1 and not initial and _BREAK.search(gap[:200])
            if not ends and place - first < _MOST:
                continue
        found.append(range(first, place))
        first = place
    return found


_GREETING = re.compile(
    r"\s*(?:dear|hello|hi|hey|good (?:morning|day|evening)|hallo|guten (?:tag|morgen|abend)"
    r"|liebe[rs]?|sehr geehrte[rs]?|moin|servus)\b[^\n,:.!]{1,60}",
    re.IGNORECASE,
)


def greeted(text: Read) -> set[str]:
    """The words with which the letter greets its addressee: their name is no news to them."""
    found = _GREETING.match(text.text)
    return set(folded(found.group())) if found else set()


# -- stems -----------------------------------------------------------------------------------

_FORMS = """
writ:write wrote written writing writes; send:sent sends; say:said says;
tak:took taken take taking; tell:told; keep:kept; giv:gave given give giving; meet:met;
see:saw seen; know:knew known; throw:threw thrown; stand:stood; hold:held; speak:spoke spoken;
break:broke broken; driv:drove driven drive driving; find:found; buy:bought; bring:brought;
think:thought; feel:felt; catch:caught; sit:sat sitting; sleep:slept asleep;
drink:drank drunk drunken; hid:hidden hide hiding; hear:heard; steal:stole stolen;
shak:shook shaken shake shaking; wear:wore worn; stick:stuck; leav:left leave leaving;
lose:lost losing; show:shown showed; sell:sold; child:children; woman:women; man:men;
wak:woke woken wake waking; grow:grew grown; run:ran running; begin:began begun;
com:came come coming; fly:flew flown flies; go:went gone goes going; fall:fell fallen;
choos:chose chosen choose choosing; forget:forgot forgotten; swear:swore sworn; tear:tore torn;
ride:rode ridden riding; win:won winning; fight:fought; teach:taught; pay:paid;
cry:cried cries crying; lie:lied lies lying; die:died dies dying; foot:feet; tooth:teeth;
wif:wife wives; kick:kicked; threat:threaten threatened threatening threats; photo:photos;
schreib:schrieb schrieben geschrieben schreibt; steh:stand standen gestanden steht;
geh:ging gingen gegangen geht; komm:kam kamen gekommen kommt; nehm:nahm genommen nimmt;
seh:sah sahen gesehen sieht; geb:gab gaben gegeben gibt; ruf:rief riefen gerufen ruft;
sprech:sprach gesprochen spricht; greif:griff gegriffen; schlag:schlug geschlagen schlagt;
werf:warf geworfen wirft; fahr:fuhr gefahren fahrt; droh:drohte gedroht bedroht drohung drohungen;
schick:schickte geschickt; trink:trank getrunken betrunken betrunkene betrunkener;
sitz:sass gesessen; verlier:verlor verloren; verlass:verliess verlassen; lauf:lief gelaufen;
zieh:zog gezogen; fass:fasste gefasst angefasst anfassen; schrei:schrie geschrien;
lieg:lag gelegen; les:las gelesen liest; trag:trug getragen; find:fand gefunden;
blieb:bleiben geblieben bleibt; lach:lachte gelacht ausgelacht
"""
_IRREGULAR = {
    fold(form): fold(root.strip())
    for root, _, forms in (group.partition(":") for group in _FORMS.split(";"))
    for form in forms.split()
}
_ENDINGS = (
    "ingly", "ations", "ation", "ments", "ment", "ness", "ings", "ing", "edly", "ungen", "ung",
    "eten", "tete", "ies", "ied", "ers", "ern", "ens", "est", "ten", "tem", "tet", "te", "ed",
    "es", "en", "er", "em", "ly", "st", "s", "e", "t", "y", "n",
)  # fmt: skip


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A folded word without its commonest English or German endings. Crude: it may unite too
    much."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 5 or not word.isalpha():
        return word[:-1] if len(word) == 4 and word.endswith("s") and word[-2] != "s" else word
    if word.startswith("ge") and len(word) > 7 and word.endswith(("t", "en")):
        word = word[2:]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= (3 if len(word) < 7 else 4):
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word
