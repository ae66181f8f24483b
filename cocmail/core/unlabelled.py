"""Which charset bytes are in that say none, or a wrong one.

Owns how likely a text in each script is, by its commonest letters: Cyrillic, Greek, Hebrew, Arabic,
Thai, Chinese, Japanese and Korean are told from the Western European that everything else is taken
for, and by core.central Latin letters of other countries. In doubt it is that: single letters among
English ones tell nothing. Of the sets of Cyrillic letters it tells one from another, against a
label (`relabelled`). Called by core.charsets.

A library would do (charset-normalizer): of a line of 25 letters in a Western language it takes one
in four for something else, of short ones nearly all.
"""

from __future__ import annotations

import codecs
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise

from cocmail.core.central import central

_SAMPLE, _WORDS = 300, 200  # bytes of words that aren't ASCII; of those, the first
_LOOKED_AT = 50_000  # bytes
# A character of UTF-8 (RFC 3629 section 4), or what is none. Not those that begin with 0xdf: these
# are a script of West Africa, and the end of a German word in quotation marks.
CHARACTER = re.compile(
    rb"(?:[\x00-\x7f]|[\xc2-\xde][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
    rb"|\xf4[\x80-\x8f][\x80-\xbf]{2})+"
)
_WORD = re.compile(rb"[!-~]?[\x80-\xff][!-\xff]*")

# How much likelier a script must be than Western European (natural logarithms, as all of these).
# Of 16,000 Western texts of 4 letters or more, capitals too, 5 misread none, and 3 misread 12.
CLEARLY = 8.0
SURELY = 30.0  # against a label

_ASCII = -3.3
_NOT_OF_IT = -14.0
_MIXED = -8.0  # a letter of it touches an English one
_ODD_CASE = -5.0
_ALONE = -2.0
_TOUCHING = -3.0  # two accented letters
_LESS_USED = -3.0

_LETTER = r"(?:[^\x00-\x7f\W\d_]|[\u0591-\u05c7\u064b-\u0652\u0e31-\u0e4e])"  # and its marks
_LATIN_BESIDE = re.compile(f"(?<=[A-Za-z]){_LETTER}|{_LETTER}(?=[A-Za-z])")
_BY_ITSELF = re.compile(rf"(?<![^\W\d_]){_LETTER}(?![^\W\d_])")
_ACCENTED_IN_A_ROW = re.compile("[\u00c0-\u024f](?=[\u00c0-\u024f])")
_BROAD = "[\u1100-\uffff]"
_BROAD_BY_ITSELF = re.compile(f"(?<!{_BROAD}){_BROAD}(?!{_BROAD})")
_BROAD_AND_LATIN = re.compile(
    rf"(?<=[A-Za-z]){_BROAD}(?!{_BROAD})|(?<!{_BROAD}){_BROAD}(?=[A-Za-z])"
)

# The commonest first.
_WESTERN = "éèàäöüáíóçßñãâåêøæúôîõïûëòùìýðþœšžÿ"
_CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщієїэёфъјљњћўґѓќђџѕ"
_GREEK = "αοιετσνηυρπκμλςωίάόέγδήύβχφθώξζψϊϋΐΰ"
_HEBREW = "יוהלאתרבמשנחדעקפםטגכןסזץצךף"
_ARABIC = "الينمرتوبدعسفهكةحقأجىشصطخإضذثئغءظآؤپچگکیژ"
_THAI = "านรก่อเงม้ยลวดทสตะปบคหแจพชขใไโผซธณฉฟศภษัีิืุู์ำๆ็ฐฎญฏฆฝฮฤฯฬฒฑฌ"
_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后"
    "作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因"
    "只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应"
    "战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿"
    "原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太"
    "量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界"
)
_TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後"
    "作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因"
    "只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應"
    "戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒"
    "原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太"
    "量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界"
)
_KANA = (
    "のいにるとたはしなてをがでりすまれっからこさあもうよきくそんだおえけちめつわみせどろばじやほねびゃひむげ"
    "ょぶゅごへずぎふゆべぼぐざぞぜぬぱぴぺぽぷーンスルトリアイラドシクレタジカマテロムグメサコプフデバブニダキ"
    "ウハチャナワセオパッミィュョェエネモビゼソォツヒノゾヘピホベゴボポケァズギガゲザヤユヨヌ"
)
_KANJI = "日一国人年大十二本中長出三時行見月後前生五間上東四今金九入学高円子外八六下来気小七山"
_HANGUL = (
    "이다는의에을가하고지를은한로기사도시서인리어자그대나스해들아일전있으라제만정게보주장수과원구부와"
    "면상여적국조동유위오신공우소비무것등회연성학문화세생선모거마안년중방경관되물개금당후미간발실르바"
    "내계단결까각산명통요저었말했때심작러용역습니입트드크체력표분재야치할합없않"
)
_SIGNS = "«»“”„–—…’‘№\u00a0•°§©·\u2011‹›€"
_BROAD_SIGNS = "，。、：；？！“”（）「」《》\u3000・…—～『』"


@dataclass(frozen=True, kw_only=True)
class _Script:
    """How likely each character is, for its logarithm."""

    known: Mapping[str, float]
    others: re.Pattern[str] = re.compile("(?!)")  # rarer ones, of which there are many
    rare: float = _NOT_OF_IT
    foreign: float = _NOT_OF_IT
    letters: bool = True  # of words, as ours are


def _by_rank(characters: str, share: float, flat: int, steep: float = 1.0) -> dict[str, float]:
    """The nth is as likely as the first, divided by n: nearly so in every language."""
    weights = [(rank + flat) ** -steep for rank in range(len(characters))]
    whole = sum(weights)
    return {c: math.log(share * w / whole) for c, w in zip(characters, weights, strict=True)}


def _letters(
    letters: str, *, steep: float = 1.3, capital: float = -3.0, signs: float = 0.05
) -> Mapping[str, float]:
    known = _by_rank(_SIGNS, signs, 2) | _by_rank(letters, 0.95 - signs, 5, steep)
    return {c.upper(): known[c] + capital for c in letters if len(c.upper()) == 1} | known


def _of_many(others: str, count: int, *characters: tuple[str, float]) -> _Script:
    known = _by_rank(_BROAD_SIGNS, 0.12, 2)
    for some, share in characters:
        known |= _by_rank(some, share, 10)
    return _Script(
        known=known, others=re.compile(others), rare=math.log(0.15 / count), letters=False
    )


# For text in Cyrillic letters, and how much less each is used
_OF_CYRILLIC = {
    "cp1251": 0.0, "koi8-r": 0.0, "koi8-u": 0.0, "iso8859-5": _LESS_USED, "cp866": _LESS_USED,
    "mac-cyrillic": _LESS_USED - 2,
}  # fmt: skip
# How much likelier another of them must be than the labelled one. Of 109,000 texts under their own
# label, most of them short and half of them shouted or without capitals, none came to it.
_PLAINLY = 10.0
_KINDS = 4  # of letters: few say nothing, however often they come
_SHOUTED = -6.0  # words of capitals alone
_SIGN = -6.0  # that says nothing: a frame may be drawn around a text
_SIGN_WITHIN = -14.0  # a word
_AGAIN_AND_AGAIN = re.compile(rb"([\x80-\xff])\1{2,}")
_DRAWN = re.compile("[\u2500-\u25ff]+")
_BEFORE_LETTERS = re.compile(r"[€†‡‰‚•§©](?=[^\W\d_])")  # by a capital's byte
_BETWEEN = "│║"  # columns
_WITHIN = re.compile(rf"(?<=[^\W\d_])[^\x00-\x7f\w\s{_SIGNS}{_BETWEEN}](?=[^\W\d_])")

_HAN = "[\u4e00-\u9fff]"
_WEST = _Script(
    known=_letters(_WESTERN, steep=1.0, capital=-1.0, signs=0.2),
    others=re.compile("[\u0370-\ufffc]"),  # of UTF-8, among which Western letters stand
    rare=-5.0,
    foreign=-8.0,
)
_EAST = _Script(known=_letters(_CYRILLIC))
_HELLENIC = _Script(known=_letters(_GREEK))
_ARABIAN = _Script(known=_letters(_ARABIC))
_JAPANESE = _of_many(_HAN, 3000, (_KANA, 0.6), (_KANJI, 0.15))
_SCRIPTS = {
    "cp1251": (_EAST, 0.0),
    "koi8_u": (_EAST, 0.0),  # and koi8-r, but for signs that no text has
    "iso8859_5": (_EAST, _LESS_USED),
    "cp866": (_EAST, _LESS_USED),
    "cp1253": (_HELLENIC, 0.0),
    "iso8859_7": (_HELLENIC, _LESS_USED),
    "cp1255": (_Script(known=_letters(_HEBREW)), 0.0),
    "cp1256": (_ARABIAN, 0.0),
    "iso8859_6": (_ARABIAN, _LESS_USED),
    "cp874": (_Script(known=_letters(_THAI, steep=1.0)), 0.0),
    "gb18030": (_of_many(_HAN, 5000, (_SIMPLIFIED, 0.65)), 0.0),
    "big5hkscs": (_of_many(_HAN, 5000, (_TRADITIONAL, 0.65)), 0.0),
    "cp949": (_of_many("[\uac00-\ud7a3]", 2000, (_HANGUL, 0.75)), 0.0),
    "cp932": (_JAPANESE, 0.0),
    "euc_jp": (_JAPANESE, 0.0),
}


def mixed(data: bytes) -> str:
    """Two programs have written it: what is UTF-8 is read as that, the rest as Windows-1252."""
    out: list[str] = []
    at = 0
    for found in CHARACTER.finditer(data):
        out.append(data[at : found.start()].decode("cp1252", "replace"))
        out.append(found[0].decode("utf-8", "replace"))
        at = found.end()
    out.append(data[at:].decode("cp1252", "replace"))
    return "".join(out)


def likely(data: bytes, clearly: float = CLEARLY) -> str:
    """Python's name of the charset, "" where it may as well be Western European."""
    sample, whole = _sample(data)
    return _told_by(sample, whole, clearly) or central(data) if sample else ""


@lru_cache(maxsize=64)  # one value is read in several forms
def _told_by(sample: bytes, whole: bool, clearly: float) -> str:
    best, least = "", _western(sample) + clearly
    for codec, (script, less) in _SCRIPTS.items():
        try:
            text = codecs.getincrementaldecoder(codec)().decode(sample, whole)
        except UnicodeError:
            continue
        found = _likelihood(text, script) + less
        if found > least:
            best, least = codec, found
    return best


def relabelled(data: bytes, codec: str) -> str:
    """Python's name of the set in which a text in Cyrillic letters is, where another such set is
    its label and makes nonsense of it; "" where that may be right, as it may of few letters."""
    if codec not in _OF_CYRILLIC:
        return ""
    sample, _ = _sample(_AGAIN_AND_AGAIN.sub(b" ", data[:_LOOKED_AT]))
    words = sample.split(b" ")
    told = (word for word in words if not _DRAWN.fullmatch(word.decode(codec, "replace")))
    return _of_cyrillic(b" ".join(told), codec)


@lru_cache(maxsize=64)
def _of_cyrillic(sample: bytes, labelled: str) -> str:
    best, least = "", _as_labelled(sample.decode(labelled, "replace")) + _PLAINLY
    for codec, less in _OF_CYRILLIC.items():
        try:
            text = sample.decode(codec)
        except UnicodeError:
            continue
        shouted = _likelihood(text.lower(), _EAST) + _SHOUTED + _ODD_CASE * _odd(text)
        found = max(_likelihood(text, _EAST), shouted) + less
        found += _MIXED * len(_BEFORE_LETTERS.findall(text))
        kinds = {c for c in text if c > "\x7f" and c.isalpha()}
        if codec != labelled and found > least and len(kinds) >= _KINDS:
            best, least = codec, found
    return best


def _as_labelled(text: str) -> float:
    """How likely it is at the best: in capitals or not, with whatever signs around its words."""
    return (
        sum(count * _of_one_at_best(c) for c, count in Counter(text.lower()).items())
        + (_SIGN_WITHIN - _SIGN) * len(_WITHIN.findall(text))
        + _MIXED * len(_LATIN_BESIDE.findall(text))
        + _ODD_CASE * _odd(text)
    )


def _of_one_at_best(character: str) -> float:
    if character in _BETWEEN:
        return 0.0
    sign = character > "\x7f" and not character.isalpha() and character not in _EAST.known
    return _SIGN if sign else _of_one(character, _EAST)


def _sample(data: bytes) -> tuple[bytes, bool]:
    """The first words that aren't ASCII, each once, and whether the last of them is whole. What is
    said again and again, such as “ and ” around a word left out, is no further evidence."""
    words: dict[bytes, None] = {}
    size = 0
    for found in islice(_WORD.finditer(data), _WORDS):
        word = data[found.start() : min(found.end(), found.start() + _SAMPLE)]
        if word not in words:
            words[word] = None
            size += len(word) + 1
        if size >= _SAMPLE:
            return b" ".join(words)[:_SAMPLE], False
    return b" ".join(words), True


def _western(sample: bytes) -> float:
    text = mixed(sample)
    touching = _TOUCHING * len(_ACCENTED_IN_A_ROW.findall(text))
    return _of_characters(text, _WEST) + touching + _ODD_CASE * _odd(text)


def _likelihood(text: str, script: _Script) -> float:
    found = _of_characters(text, script)
    if not script.letters:
        alone = _ALONE * len(_BROAD_BY_ITSELF.findall(text))
        return found + alone + _MIXED * len(_BROAD_AND_LATIN.findall(text))
    return (
        found
        + _MIXED * len(_LATIN_BESIDE.findall(text))
        + _ODD_CASE * _odd(text)
        + _ALONE * len(_BY_ITSELF.findall(text))
    )


def _of_characters(text: str, script: _Script) -> float:
    return sum(count * _of_one(c, script) for c, count in Counter(text).items())


def _of_one(character: str, script: _Script) -> float:
    if character < "\x80":
        return _ASCII
    rare = script.rare if script.others.match(character) else script.foreign
    return script.known.get(character, rare)


def _odd(text: str) -> int:
    """Capitals within a word."""
    return sum(b.isupper() and a.islower() for a, b in pairwise(text))
