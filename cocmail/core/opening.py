"""Whether a body reads the same without trusting the Content-Type and Content-Transfer-Encoding
on top of it, which its signature may not cover.

Owns the answer to one attack (mail.md, section 3): a signed body stays as it was while somebody
else chooses how it is read, by another boundary, charset, encoding or format. Refuses to know
signatures. Called by core.mail; its answer is used by core.verification.
"""

from __future__ import annotations

import re

from cocmail.core.charsets import codec_of
from cocmail.core.flowed import unflow
from cocmail.core.headers import Header
from cocmail.core.mime import IDENTITY, Part
from cocmail.core.quoting import in_lines

_ENCODED = re.compile(rb"=(?:\r?\n|[0-9A-Fa-f]{2})")


def reads_the_same(raw: bytes, header: Header, top: Part, text: Part) -> bool:
    """``text``: the one text/plain part, as it was found by trusting both fields."""
    body = raw[header.body :]
    if top is not text:
        return _begins_with(body, top, text)
    if body.startswith(b"--"):
        return False  # it may have been a multipart
    if b"\x1b" in body:
        return False  # it may be Japanese (RFC 1468), whose letters are other people's signs
    if top.encoding in IDENTITY:
        if _ENCODED.search(body):
            return False  # it may have been quoted-printable, with lines that are none
    elif top.encoding != "quoted-printable" or b"=" in body:
        return False
    codec = codec_of(top.parameters.get("charset") or "ascii")
    if not codec:
        return False
    try:
        plain = body.decode("utf-8")
        # A stateful or 16-bit charset gives other letters for the same bytes.
        read = body.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return False
    if plain != read:
        return False
    return _same_in_any_format(in_lines(plain), top)


def _begins_with(body: bytes, top: Part, text: Part) -> bool:
    """The body's first line is the delimiter, and the text's own header, which lies in the signed
    body, follows: no other boundary gives another text before it."""
    part = top
    while part.children:
        part = part.children[0]
        if not part.opens or not part.declared:
            return False
    return part is text and body.startswith(b"--")


def _same_in_any_format(plain: str, top: Part) -> bool:
    """Fixed or flowed: which lines begin a command, a quotation or a paragraph doesn't change,
    and where spaces are said to be deleted, there are none to delete."""
    fixed = _shape(plain)
    flowed = unflow(plain, delete_space=False)
    if _shape(flowed) != fixed:
        return False
    if top.parameters.get("delsp", "").lower() == "yes":
        return _shape(unflow(plain, delete_space=True)) == fixed
    return True


def _shape(text: str) -> list[str]:
    """Words in order, with a mark where a line is empty, quoted or a command's."""
    shape: list[str] = []
    empty = True
    for line in text.split("\n"):
        words = line.split()
        if not words:
            if not empty:
                shape.append("\n")
            empty = True
            continue
        empty = False
        if words[0].startswith("/"):  # "  /x" is no command but may be an end; stuffed it is one
            shape.append("\n/" if line.startswith("/") else "\n /")
        elif words[0].startswith(">"):  # quoting.own_text takes "  > x" for a quotation too
            shape.append("\n>")
            words = line.lstrip().lstrip(">").split()
        shape.extend(words)
    return shape
