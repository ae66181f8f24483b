"""Files of a mail as they leave: a member's to somebody outside, or anybody's to the members.

Owns the making of pictures, with Pillow: a picture's points are drawn into a new file, so what a
camera or an editor wrote into the old one (place, time, names, a thumbnail of the uncropped
picture) is not in it. Where it moves, members get all of it or none. To the outside only such
pictures and plain texts leave, and it is said whether a picture looks like one of somebody else's;
to members everything else goes as it came. Nothing is unpacked, and nothing but pictures is opened;
a mail that was sent on is looked into for these, and stays where it is if it has any. Called by
adapters.reading, in a process of its own.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from PIL import Image, ImageOps

from cocmail.core import smime
from cocmail.core.attached import MOST_BYTES, fit, going, is_picture, kind_of
from cocmail.core.charsets import decode
from cocmail.core.files import File
from cocmail.core.letters import clean, one_line
from cocmail.core.limits import Limits
from cocmail.core.mail import Attachment, Unreadable, files, read
from cocmail.core.people import Private
from cocmail.core.spelling import spelled

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_MOST_POINTS = 40_000_000  # more is a bomb, or a scan that should be made smaller first
_MOVING = frozenset({"PNG", "GIF", "WEBP"})  # a photo's second picture is its thumbnail or depth
_MOST_MOVING = 8_000_000  # points of all its frames: they take seconds to draw
_MOST_BYTES = 10 * 1024 * 1024
_MOST_FILES = 10
_ENDINGS = {
    "forwarded": ".eml",
    "signed": ".p7m",
    "calendar": ".ics",
    "text": ".txt",
    "page": ".html",
    "formatted": ".html",
    "pdf": ".pdf",
}
_DEEPEST = 5  # mails in mails that are looked into
_LIKE = 8  # of 64 points of a fingerprint may differ


def sendable(raw: bytes, others: Iterable[bytes]) -> tuple[File, ...]:
    """The files of a member's mail as they would leave. ``others``: mails of other people in the
    case, whose pictures must not leave unnoticed."""
    found = [(one, data) for one, data in files(raw) if not one.form]
    prints = [
        (attachment.name or Private("a picture"), _fingerprint(picture))
        for other in others
        for attachment, data in islice(files(other), _MOST_FILES)
        if (picture := _picture(data)) is not None
    ]
    return tuple(
        _made_anew(number, attachment, data, prints)
        for number, (attachment, data) in enumerate(found[:_MOST_FILES], start=1)
    ) + tuple(File(was=a.name, digest=a.digest) for a, _ in found[_MOST_FILES:])


def copied(raw: bytes, limits: Limits = Limits()) -> tuple[File, ...]:
    """What is attached to a mail as members get it: as it came, but for pictures."""
    found = list(files(raw, limits))
    kinds = [kind_of(one) for one, _ in found]
    out: list[File] = []
    room = MOST_BYTES
    for number, ((one, data), kind, goes) in enumerate(
        zip(found, kinds, going(kinds, (one.size for one, _ in found)), strict=True), start=1
    ):
        file = _copy(number, one, data, kind, limits) if goes else None
        if file is not None and len(file.data) <= room:
            room -= len(file.data)
            out.append(file)
    return tuple(out)


def as_it_came(raw: bytes, place: int, limits: Limits = Limits()) -> tuple[File, ...]:
    """The file at this place, byte for byte; () for one that mail servers take from nobody."""
    for one, data in islice(files(raw, limits), place - 1, place):
        kind = kind_of(one)
        if fit(kind, one.size):
            return (_untouched(place, one, data, kind),)
    return ()


def _untouched(number: int, one: Attachment, data: bytes, kind: str) -> File:
    """No client is to show, run or answer it by itself: a page would fetch what it names, an
    invitation would be accepted."""
    return File(
        was=one.name,
        digest=one.digest,
        name=_file_name(one.name) or f"{kind}-{number}{_ENDINGS.get(kind, '')}",
        content_type="application/octet-stream",
        data=data,
    )


def _has_pictures(mail: bytes, limits: Limits, depth: int = 0) -> bool:
    """Also where that can't be seen."""
    if depth > _DEEPEST or isinstance(read(mail, limits), Unreadable):
        return True
    for one, data in files(mail, limits):
        kind = kind_of(one)
        if kind == "picture" or is_picture(data):
            return True
        inner = _mail_in(kind, data)
        if inner is not None and _has_pictures(inner, limits, depth + 1):
            return True
    return False


def _mail_in(kind: str, data: bytes) -> bytes | None:
    if kind == "signed":
        return smime.within(data)
    return data if kind == "forwarded" else None


def _copy(number: int, one: Attachment, data: bytes, kind: str, limits: Limits) -> File | None:
    """None: a picture that can't be made anew, with all its frames, stays where it is, and a mail
    that has pictures."""
    inner = _mail_in(kind, data)
    if inner is not None and _has_pictures(inner, limits):
        return None
    was = _untouched(number, one, data, kind)
    picture = _picture(data)
    if picture is None:
        return None if kind == "picture" or is_picture(data) else was
    form = "JPEG" if data.startswith(b"\xff\xd8") else "PNG"  # a photo as PNG is a lot larger
    drawn: bytes | None
    if moving := _moves(data):
        form, drawn = moving, _drawn_moving(data, moving)
    else:
        drawn = _drawn(picture, form)
    if drawn is None:
        return None
    stem, ending = was.name.rpartition(".")[0] or was.name, form.lower()
    return replace(
        was,
        name=f"{stem}.{'jpg' if form == 'JPEG' else ending}",
        content_type=f"image/{ending}",
        data=drawn,
    )


def _file_name(name: str) -> str:
    """A name that can be stored anywhere and hides nothing."""
    return one_line(spelled(name).replace("/", "_").replace("\\", "_").lstrip("."), 100)


def _made_anew(
    number: int, attachment: Attachment, data: bytes, prints: list[tuple[Private, int]]
) -> File:
    was = File(was=attachment.name, digest=attachment.digest)
    picture = _picture(data)
    if picture is not None:
        print_ = _fingerprint(picture)
        like = next((name for name, other in prints if _differ(other, print_) <= _LIKE), "")
        return replace(
            was,
            name=f"picture-{number}.png",
            content_type="image/png",
            data=_drawn(picture),
            like=Private(like),
        )
    plain = attachment.content_type == "text/plain" and not is_picture(data)
    if plain and len(data) <= _MOST_BYTES:
        text = clean(decode(data, "utf-8"))
        name = f"text-{number}.txt"
        return replace(was, name=name, content_type="text/plain", data=text.encode("utf-8"))
    return was


def _picture(data: bytes) -> Image.Image | None:
    """The first frame, upright; None for anything that isn't a picture, or is too large."""
    if len(data) > _MOST_BYTES:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            if opened.width * opened.height > _MOST_POINTS:
                return None
            upright = _upright(opened)
            return upright.convert("RGBA" if "A" in upright.getbands() else "RGB")
    except Exception:
        return None  # Pillow raises anything for bytes that are no picture, or no sound one


def _upright(opened: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(opened)
    except Exception:
        return opened  # its EXIF is broken, or made to be; the picture may be sound


def _drawn(picture: Image.Image, kind: str = "PNG") -> bytes:
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    out = io.BytesIO()
    bare.save(out, kind, quality=90)
    return out.getvalue()


def _moves(data: bytes) -> str:
    """The format of a picture that has several frames, "" for any other."""
    with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
        # Whatever its file says of their number, one that names several has more to show.
        several = opened.format in _MOVING and getattr(opened, "is_animated", False)
        return str(opened.format) if several else ""


def _drawn_moving(data: bytes, form: str) -> bytes | None:
    """All its frames, each as long as it was shown; None where they can't be drawn."""
    frames: list[Image.Image] = []
    spans: list[int] = []  # milliseconds
    try:
        with Image.open(io.BytesIO(data), formats=(form,)) as opened:
            count = int(getattr(opened, "n_frames", 1))
            if opened.width * opened.height * count > _MOST_MOVING:
                return None
            again = opened.info.get("loop")
            for place in range(count):
                opened.seek(place)
                upright = _upright(opened).convert("RGBA")
                bare = Image.new("RGBA", upright.size)
                bare.paste(upright)
                frames.append(bare)
                spans.append(int(opened.info.get("duration") or 0))
        out = io.BytesIO()
        told = {} if again is None else {"loop": int(again)}
        kept = {"lossless": True} if form == "WEBP" else {"disposal": 2} if form == "GIF" else {}
        frames[0].save(
            out, form, save_all=True, append_images=frames[1:], duration=spans, **told, **kept
        )
    except Exception:
        return None  # as in _picture
    return out.getvalue()


def _fingerprint(picture: Image.Image) -> int:
    """64 points: whether each of 8 rows grows lighter or darker from one place to the next. The
    same for a smaller copy, another format or a little other light."""
    small = picture.convert("L").resize((9, 8))
    bits = 0
    for one, two in _neighbours(small):
        bits = bits << 1 | (one < two)
    return bits


def _neighbours(small: Image.Image) -> Iterator[tuple[int, int]]:
    points = small.tobytes()
    for row in range(8):
        for column in range(8):
            yield points[row * 9 + column], points[row * 9 + column + 1]


def _differ(one: int, other: int) -> int:
    return (one ^ other).bit_count()
