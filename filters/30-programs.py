"""A mail with a program attached is set aside: humans look before anybody opens it.

Looks at names (at all of them, where a file has several; also at `photo.jpg.exe`, `notes.exe.` and
names that are turned around to read as something else), at types, and at the first bytes, which
don't lie; and at files within the text, which begin with a line of their own (uuencode, yEnc).
Holds for programs what a double click runs on some desktop, disk images that carry them past a
warning, and documents that are named as having macros. Source code, scripts of a shell and patches
are not: a community of programmers sends those as evidence. JavaScript is the exception, because
Windows runs it.

Mails that are attached are looked into, as far as they can be taken apart. An archive is looked at
by its first entry's name alone. This is no virus scanner; where the mail
server has one, 10-spam-flagged.py heeds its mark.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from cocmail.core.filtering import Attached, Incoming, Pass, SetAside, Verdict, normalized

_ENDINGS = (
    # Windows
    "exe com scr pif bat cmd cpl msi msp mst msix appx appxbundle msixbundle dll sys ocx gadget"
    " hta jse vbs vbe wsf wsh wsc sct ps1 psm1 psc1 lnk scf inf reg url library-ms search-ms"
    " settingcontent-ms diagcab chm hlp application appref-ms xll wll rdp jnlp js"
    # disk images, which Windows and macOS open with a double click
    " iso img vhd vhdx dmg udf"
    # macOS, Linux, Android, Java
    " app pkg mpkg command workflow terminal desktop appimage deb rpm apk jar class"
    # documents that say that they have macros, or run what they please
    " docm dotm xlsm xltm xlsb xlam xla pptm potm ppam ppsm sldm one onepkg"
)
_NAMED = re.compile(
    r"\.(?:" + "|".join(sorted(map(re.escape, _ENDINGS.split()), key=len, reverse=True)) + r")$"
)
_TYPES = frozenset({
    "application/x-msdownload", "application/x-dosexec", "application/x-msdos-program",
    "application/vnd.microsoft.portable-executable", "application/x-executable",
    "application/x-sharedlib", "application/x-mach-binary", "application/x-msi",
    "application/x-ms-installer", "application/hta", "application/java-archive",
    "application/x-java-archive", "application/vnd.android.package-archive",
    "application/x-apple-diskimage", "application/x-ms-shortcut", "application/x-bat",
    "application/vnd.ms-word.document.macroenabled.12",
    "application/vnd.ms-excel.sheet.macroenabled.12",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12",
})  # fmt: skip
_DOS = b"MZ"
_BEGINNINGS = (
    b"\x7fELF",
    b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",  # Mach-O
    b"\xca\xfe\xba\xbe",  # Mach-O for several machines; Java
    b"L\x00\x00\x00\x01\x14\x02\x00",  # a shortcut of Windows
    b"ITSF\x03\x00\x00\x00",  # compiled help
    b"dex\n03",  # Android
)  # fmt: skip
_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_LOCAL_FILE = b"PK\x03\x04"  # of a ZIP archive: its name begins at 30, its length stands at 26

# A file within a text: `begin 644 name`, `begin-base64 644 name` (POSIX), `=ybegin … name=name`
_BEGUN = re.compile(
    r"^(?:begin(?:-base64)?[ \t]+[0-7]{3,6}[ \t]+|=ybegin[ \t][^\n]{0,200}?\bname=)([^\n]{1,300})",
    re.MULTILINE,
)

_PROGRAM = SetAside(why="A program, or a document with macros, is attached to it.")
_DISGUISED = SetAside(why="An attachment's name is made to look like something else.")


def judge(mail: Incoming) -> Verdict:
    every = (*mail.attachments, *mail.within)
    if any(_runs(one) for one in every):
        return _PROGRAM
    if any(_names_a_program(name) for name in _within_the_text(mail.text)):
        return _PROGRAM
    if any(_TURNED.search(name) and _turns(name) for one in every for name in _names(one)):
        return _DISGUISED
    return Pass()


def _names(one: Attached) -> tuple[str, ...]:
    """Every name that a mail program may show."""
    return (one.name, *one.names)


def _within_the_text(text: str) -> Iterator[str]:
    """The names of files within it. Where lines were joined (format=flowed), what follows is in
    the line, too."""
    for begun in _BEGUN.finditer(text):
        yield begun[1]
        yield from (word for word in begun[1].split() if "." in word)


def _runs(one: Attached) -> bool:
    if one.content_type in _TYPES or any(map(_names_a_program, _names(one))):
        return True
    # "MZ" may begin a text as well; a program's header has zeros in it.
    if one.begins.startswith(_BEGINNINGS) or (
        one.begins.startswith(_DOS) and b"\0" in one.begins[:64]
    ):
        return True
    if one.begins.startswith(_LOCAL_FILE):
        length = int.from_bytes(one.begins[26:28], "little")
        # Half a name says nothing of how it ends.
        name = one.begins[30 : 30 + length] if 30 + length <= len(one.begins) else b""
        return _names_a_program(name.decode("utf-8", "replace"))
    return False


def _names_a_program(name: str) -> bool:
    """As the system reads it that would open it: Windows forgets dots and spaces at the end, and
    what follows a colon names a stream of the file before it."""
    plain = normalized("NFKC", re.sub("[\0\ufffd]", ":", name))  # where some programs end it
    plain = "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Cc"))
    plain = plain.casefold()
    return any(_NAMED.search(part.rstrip(". \"'")) for part in {plain, plain.partition(":")[0]})


def _turns(name: str) -> bool:
    """Whether letters of this name are shown in another order than they stand. Names in Arabic or
    Hebrew may have marks of direction, and mean no harm by them; overrides have no such use."""
    if any(c in "\u202d\u202e" for c in name):
        return True
    return not any(unicodedata.bidirectional(c) in ("R", "AL") for c in name)
