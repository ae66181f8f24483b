"""What a member attaches leaves as it is seen, and with nothing else in it."""

from __future__ import annotations

import email
import email.policy
import gzip
import io
import time
from email.message import EmailMessage

import pytest
from PIL import Image, PngImagePlugin

from cocmail.adapters.files import copied, sendable
from cocmail.core.attached import is_picture, kind_of
from cocmail.core.mail import Attachment
from cocmail.core.people import Private

SECRET = b"Kirchgasse 12"


def mail(*files: tuple[str, str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "alice@alice.example", "conduct@example.org"
    message.set_content("/reply reporter")
    for name, content_type, data in files:
        maintype, _, subtype = content_type.partition("/")
        message.add_attachment(data, maintype=maintype, subtype=subtype, filename=name)
    return message.as_bytes()


def photo(kind: str = "JPEG", *, size: tuple[int, int] = (64, 48), turn: int = 0) -> bytes:
    """A gradient with a dark corner, and all the words that a file can hide."""
    picture = Image.new("RGB", (64, 48))
    for x in range(64):
        for y in range(48):
            picture.putpixel((x, y), (x * 4, y * 5, 0 if x < 20 and y < 20 else 128))
    picture = picture.resize(size)
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()  # ImageDescription
    exif[0x013B] = SECRET.decode()  # Artist
    if turn:
        exif[0x0112] = turn
    out = io.BytesIO()
    if kind == "PNG":
        chunk = PngImagePlugin.PngInfo()
        chunk.add_text("Comment", SECRET.decode())
        picture.save(out, kind, pnginfo=chunk, exif=exif)
    else:
        picture.save(out, kind, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_leaves_without_what_was_written_into_it(kind: str) -> None:
    original = photo(kind)
    assert SECRET in original
    (file,) = sendable(mail(("IMG_2041.jpg", f"image/{kind.lower()}", original)), ())
    assert (file.name, file.content_type) == ("picture-1.png", "image/png")
    assert SECRET not in file.data
    with Image.open(io.BytesIO(file.data)) as made:
        assert made.size == (64, 48)
        assert not made.getexif()
        assert not made.info


COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def moving(kind: str, *, frames: int = 3, size: tuple[int, int] = (64, 48)) -> bytes:
    """Shown for 100, 200, 300 ms, with words in it."""
    every = [Image.new("RGB", size, COLOURS[n % 3]) for n in range(frames)]
    for number, one in enumerate(every):
        one.putpixel((number % size[0], 0), (255, 255, 255))
    more: dict[str, object] = {"exif": Image.Exif()} if kind == "WEBP" else {}
    if kind == "GIF":
        more = {"comment": SECRET}
    elif kind == "PNG":
        more["pnginfo"] = chunk = PngImagePlugin.PngInfo()
        chunk.add_text("Comment", SECRET.decode())
    else:
        exif = Image.Exif()
        exif[0x010E] = SECRET.decode()
        more["exif"] = exif
    out = io.BytesIO()
    spans = [100 * (n % 3 + 1) for n in range(frames)]
    every[0].save(out, kind, save_all=True, append_images=every[1:], duration=spans, loop=0, **more)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_a_picture_that_moves_goes_to_members_with_every_frame(kind: str) -> None:
    original = moving(kind)
    assert SECRET in original
    (file,) = copied(mail(("dance.x", f"image/{kind.lower()}", original)))
    assert (file.name, file.content_type) == (f"dance.{kind.lower()}", f"image/{kind.lower()}")
    assert SECRET not in file.data
    with Image.open(io.BytesIO(file.data)) as made:
        assert (made.format, made.size, made.n_frames) == (kind, (64, 48), 3)
        for number, colour in enumerate(COLOURS):
            made.seek(number)
            shown = made.convert("RGB")
            seen, white = shown.getpixel((30, 30)), shown.getpixel((number, 0))
            assert isinstance(seen, tuple)
            assert isinstance(white, tuple)
            assert max(abs(a - b) for a, b in zip(seen, colour, strict=True)) < 5
            assert min(white) > 60
            assert made.info["duration"] == 100 * (number + 1)


def test_a_picture_that_moves_stays_where_all_of_it_cannot_go() -> None:
    long = moving("GIF", frames=40, size=(800, 600))
    whole = moving("PNG")
    for data in (long, whole[: whole.rindex(b"fcTL")]):
        assert copied(mail(("dance.gif", "image/gif", data))) == ()


def test_a_picture_is_upright_as_it_was_seen() -> None:
    (file,) = sendable(mail(("a.jpg", "image/jpeg", photo(turn=6))), ())
    with Image.open(io.BytesIO(file.data)) as made:
        assert made.size == (48, 64)


def test_a_plain_text_leaves_as_text() -> None:
    (file,) = sendable(mail(("notes-of-alice.txt", "text/plain", b"Gr\xc3\xbc\xc3\x9fe\x00")), ())
    assert (file.name, file.content_type) == ("text-1.txt", "text/plain")
    assert file.data.decode().startswith("Grüße")


@pytest.mark.parametrize(
    ("name", "content_type", "data"),
    [
        ("setup.exe", "application/octet-stream", b"MZ\x90"),
        ("letter.pdf", "application/pdf", b"%PDF-1.7"),
        ("drawing.svg", "image/svg+xml", b"<svg onload='alert(1)'/>"),
        ("broken.png", "image/png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 20),
    ],
)
def test_nothing_else_can_leave(name: str, content_type: str, data: bytes) -> None:
    (file,) = sendable(mail((name, content_type, data)), ())
    assert file.was == name
    assert not file.name
    assert not file.data


def test_a_form_of_the_mail_itself_is_no_file_of_it() -> None:
    """Though members get it in their list: where its link leads stands nowhere else."""
    message = EmailMessage()
    message.set_content("/reply reporter\n/attach\nSee here.")
    message.add_alternative("<a href='https://a.example/'>See here.</a>", subtype="html")
    message.add_attachment(photo(), maintype="image", subtype="jpeg", filename="a.jpg")
    assert [file.was for file in sendable(message.as_bytes(), ())] == ["a.jpg"]
    assert {file.name for file in copied(message.as_bytes())} == {"a.jpg", "formatted-2.html"}


def test_a_bomb_is_not_opened() -> None:
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    assert len(out.getvalue()) < 100_000
    (file,) = sendable(mail(("plan.png", "image/png", out.getvalue())), ())
    assert not file.name


@pytest.mark.parametrize("tag", [0x0100, 0x011B])  # struct.error and TypeError of Pillow's
def test_what_was_written_into_a_picture_badly_keeps_nothing_back(tag: int) -> None:
    word = tag.to_bytes(2) + b"\0\2\0\0\0\2a\0\0\0"
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\2" + word + b"\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG", exif=exif)
    files = copied(mail(("a.png", "image/png", out.getvalue()), ("b.png", "image/png", photo())))
    assert [file.name for file in files] == ["a.png", "b.jpg"]


def test_a_smaller_copy_of_somebody_else_s_picture_is_known_again() -> None:
    theirs = mail(("evening.png", "image/png", photo("PNG")))
    copy = mail(("mine.jpg", "image/jpeg", photo("JPEG", size=(40, 30))))
    assert sendable(copy, [theirs])[0].like == "evening.png"
    other = Image.effect_mandelbrot((64, 48), (-3, -2.5, 2, 2.5), 100).convert("RGB")
    out = io.BytesIO()
    other.save(out, "PNG")
    assert not sendable(mail(("other.png", "image/png", out.getvalue())), [theirs])[0].like


# -- what members get ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["TIFF", "WEBP", "JPEG", "PNG"])
def test_a_picture_that_says_it_is_none_tells_members_nothing_either(kind: str) -> None:
    original = photo(kind)
    assert SECRET in original
    out = copied(mail(("scan", "application/octet-stream", original)))
    assert len(out) == (0 if kind == "TIFF" else 1), "what can't be drawn anew stays"
    assert not any(SECRET in one.data for one in out)


@pytest.mark.parametrize(
    ("begins", "kind"),
    [
        (b"II*\0\x08\0\0\0", "picture"),
        (b"MM\0*\0\0\0\x08", "picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "picture"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "picture"),
        (b"BM\x36\x10\0\0\0\0\0\0\x36\0\0\0", "picture"),
        (b"BMW 320d, seen at noon", "other"),
        (b"IIMPORTANT", "other"),
        (b"\0\0\0\x20ftypisom\0\0\0\0isomiso2avc1mp41", "other"),  # a film
        (b"\0\0\0\x1cftypmiaf\0\0\0\0", "picture"),
        (b"\0\0\0\x1cftypisom\0\0\0\0isomheic", "picture"),
        (b"\0\0\0\x08free\0\0\0\x1cftypMA1B\0\0\0\0", "picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "picture"),  # JPEG 2000
        (b"\xff\x4f\xff\x51\0\x29", "picture"),
        (b"\0\0\x01\0\x01\0\x10\x10", "picture"),  # an icon
        (b"\0\0\x02\0\x01\0\x10\x10", "picture"),  # a pointer
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "picture"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <html> -->\n<svg:svg>", "picture"),
        ("\ufeff<svg>".encode("utf-16-le"), "picture"),
        (b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x' [<!ENTITY", "picture"),
        (b"<!DOCTYPE html><svg>", "picture"),
        (b"<!DOCTYPE\nsvg [<!ENTITY a 'b'>]><svg>", "picture"),
        (b"<!DOCTYPE x [<!ENTITY a ']>'> <!ELEMENT b ANY>]>\n<svg>", "picture"),
        (b"<!DOCTYPE x:svg [<!ENTITY a 'b'>]><x:svg>", "picture"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><html>", "other"),
        (b"<html><body><svg>", "other"),
        (b"<svgs are what I saw", "other"),
        (b"I saw an <svg>", "other"),
        (b"II\xbc\x01", "picture"),
        (b"gimp xcf v011", "picture"),
        (b"v/1\x01", "picture"),
        (b"\x8aMNG\r\n", "picture"),
        (b"\n\x05\x01\x08\0\0\0\0", "picture"),  # PCX
        (b"\n\x05\x01\x02\x03", "picture"),
        (b"\n1. He followed me", "other"),
        (b"P6 40 30 255\n\1\2\3", "picture"),
        (b"P6\r\n# seen\r\n40\r\n30\r\n255\r\n", "picture"),
        (b"P7\nWIDTH 40\nHEIGHT 30\n", "picture"),
        (b"P5 is where he sat", "other"),
        (b"P6 12 people saw it", "other"),
        (b"\0\0\1\0\0\1\x10\x10", "picture"),  # 256 icons
        (b"\x01\xda\x01\x01\0\x03", "picture"),  # SGI
        (b"DDS |\0\0\0", "picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "picture"),
        (b"/* XPM */\nstatic char", "picture"),
        (b"#define seen_width 40\n#define", "picture"),
        (b"#define a thing", "other"),
        (b"", "other"),
    ],
)
def test_what_a_picture_is_goes_by_its_first_bytes(begins: bytes, kind: str) -> None:
    def named(name: str) -> str:
        return kind_of(
            Attachment(
                name=Private(name),
                content_type="application/octet-stream",
                size=len(begins),
                digest="",
                begins=begins,
            )
        )

    assert named("") == kind
    assert named("x.js") == "program", "some files are both"


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *((kind, mode) for kind in ("PCX", "TGA", "DIB") for mode in ("RGB", "L", "1", "P")),
        *((kind, mode) for kind in ("PPM", "SGI", "DDS", "EPS", "ICO") for mode in ("RGB", "L")),
        ("PPM", "1"),
        ("TGA", "RGBA"),
        ("XBM", "1"),
    ],
)
def test_a_rare_picture_without_a_name_stays(kind: str, mode: str) -> None:
    out = io.BytesIO()
    Image.open(io.BytesIO(photo("PNG"))).convert(mode).save(out, kind)
    assert copied(mail(("", "application/octet-stream", out.getvalue() + SECRET))) == ()


DRAWING = (
    b"<?xml version='1.0'?><!--" + b"x" * 2000 + b"--><svg xmlns='http://www.w3.org/2000/svg'>"
    b"<metadata>" + SECRET + b"</metadata></svg>"
)
HEIF = b"\0\0\0\x1cftypmiaf\0\0\0\0mif1" + SECRET
FALSE = [
    ("a.txt", "text/plain"), ("a.html", "text/html"), ("a.pdf", "application/pdf"),
    ("a.docx", "application/octet-stream"), ("a.ics", "text/calendar"), ("a", "application/x-y"),
]  # fmt: skip


def icon() -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(photo("PNG"))).save(out, "ICO", sizes=[(32, 32)])
    return out.getvalue() + SECRET


@pytest.mark.parametrize(("name", "content_type"), FALSE)
@pytest.mark.parametrize("data", [DRAWING, HEIF, icon(), b"\xff\x4f\xff\x51" + SECRET])
def test_what_can_t_be_drawn_anew_stays_under_whatever_name(
    name: str, content_type: str, data: bytes
) -> None:
    raw = mail((name, content_type, data))
    assert copied(raw) == ()
    assert copied(sent_on((name, content_type, data))) == ()
    (out,) = sendable(raw, ())
    assert (out.name, out.data) == ("", b""), "nor does it leave as text"


def test_a_picture_that_says_it_is_a_form_of_the_text_stays() -> None:
    message = EmailMessage()
    message.set_content("See below.")
    message.add_alternative(HEIF, maintype="text", subtype="html")
    assert copied(message.as_bytes()) == ()


@pytest.mark.parametrize(
    ("name", "content_type"), [("a.svgz", "application/gzip"), ("a", "image/svg+xml")]
)
def test_a_packed_drawing_stays(name: str, content_type: str) -> None:
    assert copied(mail((name, content_type, gzip.compress(DRAWING)))) == ()
    (file,) = copied(mail(("a.gz", "application/gzip", gzip.compress(b"words"))))
    assert file.name == "a.gz"


def test_to_look_for_a_drawing_takes_little_time() -> None:
    began = time.thread_time()
    for data in (
        b"<!--" * 1_000_000,
        b"<!DOCTYPE x [" + b"<" * 3_000_000,
        b"<!DOCTYPE x [<a" + b"a" * 3_000_000,
        b"P1 " + b"#\n" * 1_000_000,
        b"<?" * 1_000_000,
        b" " * 3_000_000,
        b"<!---->" * 500_000,
    ):
        assert not is_picture(data)
    assert time.thread_time() - began < 0.5


def sent_on(*files: tuple[str, str, bytes], times: int = 1) -> bytes:
    inner = mail(*files)
    for _ in range(times):
        outer = EmailMessage()
        outer["From"], outer["To"] = "rae@reporter.example", "conduct@example.org"
        outer.set_content("See below.")
        outer.add_attachment(email.message_from_bytes(inner, policy=email.policy.default))
        inner = outer.as_bytes()
    return inner


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_mail_that_was_sent_on_stays_where_it_has_pictures(times: int) -> None:
    raw = sent_on(("IMG_2041", "application/octet-stream", photo()), times=times)
    assert copied(raw) == ()
    (file,) = copied(sent_on(("a.txt", "text/plain", b"He said so."), times=times))
    assert file.name == "forwarded-1.eml"


def test_where_it_cannot_be_seen_it_stays_too() -> None:
    assert copied(sent_on(times=7)) == ()
    deep = b"Content-Type: message/rfc822\r\n\r\n" + b"X: " + b"x" * 9000 + b"\r\n\r\n"
    assert copied(deep) == ()
