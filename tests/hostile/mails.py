"""Mail made to hurt: each trick that is known to us, as bytes (mail.md, sections 3 and 6).

`MAILS` has them by name, each made when it is asked for. `LARGE` are the same kind of trick at
the size that we still take in.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import quote

HEAD = (
    b"From: Mallory <mallory@mallory.example.net>\r\nTo: conduct@example.org\r\n"
    b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
)
SIGNATURE = (
    b"DKIM-Signature: v=1; a=rsa-sha256; c=%s; d=mallory.example.net; s=mail;%s\r\n"
    b" h=from:to:date; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n"
)
KEY = (  # of RFC 6376, appendix C
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7"
    "/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4O"
    "uKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
)
WIDE = 60_000  # bytes that a header may have


def _mail(body: bytes = b"Please help.\r\n", *fields: bytes, head: bytes = HEAD) -> bytes:
    return head + b"".join(one + b"\r\n" for one in fields) + b"\r\n" + body


def _field(name: bytes, piece: bytes, before: bytes = b"", behind: bytes = b"") -> bytes:
    """A mail with a field that repeats a piece, in lines short enough to be read."""
    count = WIDE // len(piece)
    a_line = max(1, 900 // len(piece))
    lines = [piece * a_line] * (count // a_line)
    return _mail(b"x\r\n", name + b": " + before + b"\r\n ".join(lines) + behind)


def _from(value: bytes) -> bytes:
    return b"From: " + value + b"\r\nTo: conduct@example.org\r\n\r\nx\r\n"


def _multi(*parts: bytes, kind: bytes = b"mixed", end: bytes = b"--b--\r\n") -> bytes:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end
    return _mail(body, b"MIME-Version: 1.0", b"Content-Type: multipart/" + kind + b"; boundary=b")


def _nested(depth: int, same: bool = False) -> bytes:
    body = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n"
        % ((0, 0) if same else (n, n + 1))
        for n in range(depth)
    )
    return _mail(body + b"\r\nx", b"Content-Type: multipart/mixed; boundary=b0")


def _forwarded(depth: int) -> bytes:
    return _mail(b"Content-Type: message/rfc822\r\n\r\n" * depth, b"Content-Type: message/rfc822")


def _text(body: bytes, kind: bytes = b"text/plain", *more: bytes) -> bytes:
    return _mail(body, b"MIME-Version: 1.0", b"Content-Type: " + kind, *more)


def _html(body: bytes) -> bytes:
    return _text(body, b"text/html; charset=utf-8")


def _encoded(body: bytes, how: bytes, kind: bytes = b"text/plain") -> bytes:
    return _text(body, kind, b"Content-Transfer-Encoding: " + how)


def _page(markup: bytes) -> bytes:
    """Encoded, so that nothing of it shows from outside."""
    return _encoded(base64.encodebytes(markup), b"base64", b"text/html")


def _signed(
    body: bytes, canon: bytes = b"relaxed/relaxed", more: bytes = b"", times: int = 1
) -> bytes:
    return SIGNATURE % (canon, more) * times + _mail(body)


def _in_signature(white: bytes, times: int = 1) -> bytes:
    """Behind what it is signed with: of the key's length, over a text that is what it says, so
    that it is checked to the end."""
    value = base64.b64encode(bytes(127) + b"\1")
    field = SIGNATURE % (b"relaxed/relaxed", b"")
    return field.replace(b"b=AAAA", b"b=" + value + white + b"; z=1") * times + _mail(b"")


def _two_forms(plain: bytes, html: bytes) -> bytes:
    return _multi(
        b"Content-Type: text/plain\r\n\r\n" + plain,
        b"Content-Type: text/html\r\n\r\n" + html,
        kind=b"alternative",
    )


def _named(name: str, count: int = 190) -> bytes:
    field = b"Content-Disposition: attachment; filename*=utf-8''" + quote(name).encode()
    return _multi(b"\r\nSee there.", *[field + b"\r\n\r\nx"] * count)


def _zip_bomb() -> bytes:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a", b"0" * 50_000_000)
    return base64.encodebytes(out.getvalue())


def _picture_bomb() -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack("!I", zlib.crc32(kind + data))
        return struct.pack("!I", len(data)) + kind + data + check

    head = struct.pack("!IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 1_000_000)
    whole = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return base64.encodebytes(whole)


def _attached(data: bytes, kind: bytes) -> bytes:
    return _multi(
        b"\r\nSee the file.",
        b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename=a\r\n\r\n" + data,
    )


_PART = b"Content-Type: text/plain\r\n\r\nx"
_FILE = b"Content-Disposition: attachment; filename="

MAILS: Mapping[str, Callable[[], bytes]] = {
    # -- the header
    "a header line of 1 MB": partial(_mail, b"x", b"X-Long: " + b"a" * 1_000_000),
    "a Message-ID of 1 MB": partial(_mail, b"x", b"Message-ID: <" + b"a" * 1_000_000 + b"@b>"),
    "20,000 fields": partial(_mail, b"x", *[b"X: 1"] * 20_000),
    "8,000 fields that fit": partial(_mail, b"x", *[b"X: 1"] * 8_000),
    "8,000 names of fields": partial(_mail, b"x", *[b"X%d:" % n for n in range(8_000)]),
    "a million empty continuations": partial(_mail, b"x", b"X: 1" + b"\r\n " * 1_000_000),
    "a field that is folded 20,000 times": partial(_mail, b"x", b"Subject: a" + b"\r\n b" * 15_000),
    "no header at all": lambda: b"a" * 500_000,
    "a header that never ends": lambda: b"X: 1\r\n" * 9_000,
    "a colon alone, 30,000 times": lambda: b":\r\n" * 20_000,
    "NUL bytes": partial(_mail, b"\0" * 100_000, b"Subject: a\0b"),
    "bare carriage returns": partial(_mail, b"\r" * 100_000, b"X: 1\rFrom: victim@example.org"),
    "bare line feeds": lambda: (HEAD + b"\r\n" + b"x\n" * 50_000).replace(b"\r", b""),
    "eight-bit letters in every field": partial(_mail, b"x", b"Subject: " + bytes(range(128, 256)) * 60),
    "lone surrogates in UTF-8": partial(_mail, b"\xed\xa0\x80" * 30_000, b"Subject: \xed\xa0\x80"),
    "an unknown field of encoded words": partial(_field, b"X", b"=?utf-8?q?a?= "),
    "a subject of encoded words": partial(_field, b"Subject", b"=?utf-8?b?4pi6?= "),
    "a subject of Arabic ligatures": partial(_mail, b"x", b"Subject: " + ("\ufdfa" * 50 + "\r\n ").encode() * 300),
    "encoded words of a thousand charsets": partial(
        _field, b"Subject", b"=?iso-2022-jp?q?=1B$B?= =?hz?q?~{?= =?utf-7?q?+AGE-?= =?x?b?YQ==?= "
    ),
    "encoded words that never close": partial(_field, b"Subject", b"=?utf-8?q?"),
    "encoded words of spaces": partial(_field, b"Subject", b"=?utf-8?q? _ _ _ _ "),
    "new lines in encoded words": lambda: _from(
        b"=?utf-8?q?a=0D=0ABcc:_victim@example.org?= <m@m.example.net>\r\n"
        b"Subject: =?utf-8?q?a=0D=0ABcc:_victim@example.org=0D=0A=0D=0AHello?="
    ),
    "a From of encoded words": lambda: _from(b"=?utf-8?q?a?= \r\n " * 3_000 + b"<m@m.example.net>"),
    "comments in comments": lambda: _from(b"(" * 8_000 + b"a@b.example"),
    "comments in comments, closed": lambda: _from(b"(" * 4_000 + b")" * 4_000 + b" a@b.example"),
    "comments over lines": partial(_field, b"To", b"(", b"a@b.example "),
    "groups in groups": partial(_field, b"To", b"a:"),
    "a group of nobody, ten thousand times": partial(_field, b"To", b"a:;,"),
    "six thousand addresses": partial(_field, b"To", b"a@x.example,"),
    "addresses with open brackets": partial(_field, b"To", b"<a@["),
    "an address literal": lambda: _from(b"a@["),
    "quotes and backslashes": partial(_field, b"To", b'"\\'),
    "routes": partial(_field, b"To", b"@a,", b"<", b":b@c.example>"),
    "ten From of 2,000 letters": lambda: (
        b"".join(
            b"From: " + b"\r\n ".join([b"alice bob <a%d@b.example> " % n * 30] * 3) + b"\r\n"
            for n in range(10)
        )
        + b"\r\nx"
    ),
    "a name that is right to left and back again": lambda: _from(
        b"\r\n ".join(["\u202ea\u2066".encode() * 100] * 8) + b" <m@m.example.net>"
    ),
    "two hundred From": lambda: b"From: a@b.example\r\n" * 200 + b"\r\nx",
    "References by the thousand": partial(_field, b"References", b"<a@b.example> "),
    "References that never close": partial(_field, b"References", b"<"),
    "In-Reply-To of one piece": partial(_field, b"In-Reply-To", b"a"),
    "dates out of range": partial(_mail, b"x", b"Date: Fri, 99 Nov 99999999 99:99:99 +999999"),
    "a date of numbers": partial(_field, b"Date", b"1 "),
    "a year of a thousand digits": partial(_mail, b"x", b"Date: 1 Jan " + b"9" * 1_000 + b" 00:00"),
    "languages": partial(_field, b"Accept-Language", b"de-AT;q=0.1,"),
    "Authentication-Results of comments": partial(_field, b"Authentication-Results", b"(", b"mx;"),
    "Authentication-Results by the thousand": partial(
        _field, b"Authentication-Results", b"dkim=pass header.d=x;", b"mx.example.org;"
    ),
    "Authentication-Results of quotes": partial(_field, b"Authentication-Results", b'"a" =', b"mx;"),
    "Received by the thousand": partial(_mail, b"x", *[b"Received: by x"] * 3_500),
    "Delivered-To by the thousand": partial(_mail, b"x", *[b"Delivered-To: conduct+a@example.org"] * 1_700),
    "exclusions by the thousand": partial(_field, b"To", b"+not-a", b"conduct", b"@example.org"),
    # -- parameters
    "semicolons": partial(_field, b"Content-Type", b";", b"text/plain"),
    "parameters that never close": partial(_field, b"Content-Type", b';a="', b"text/plain"),
    "RFC 2231 continuations": partial(
        _mail, b"x", b"Content-Disposition: attachment"
        + b"".join(b";\r\n filename*%d*=%%ff" % n for n in range(2_500)),
    ),
    "RFC 2231 continuations, of one number": partial(
        _field, b"Content-Disposition", b"; filename*1*=%ff", b"attachment"
    ),
    "percent signs": partial(_mail, b"x", b"Content-Disposition: attachment; filename*=utf-8''" + b"%" * 7_000),
    "a boundary of 2,000 letters": partial(_mail, b"--" + b"b" * 2_000 + b"\r\n\r\nx",
                                           b"Content-Type: multipart/mixed; boundary=" + b"b" * 2_000),
    # -- parts
    "100,000 parts": partial(_multi, *[b""] * 100_000),
    "200,000 lines of dashes": partial(_multi, b"\r\n" + b"--c\r\n" * 200_000),
    "199 parts": partial(_multi, *[_PART] * 198),
    "201 parts": partial(_multi, *[_PART] * 201),
    "190 parts with wide headers": partial(
        _multi, *[_FILE + b'"' + b"=?utf-8?q?a?=" * 600 + b'"\r\n\r\nx'] * 190
    ),
    "190 parts with odd parameters": partial(
        _multi, *[b"Content-Type: text/plain" + b"; a " * 2_000 + b"\r\n\r\nx"] * 190
    ),
    "24 labels of white space": partial(
        _multi, *[b'Content-Type: text/plain; charset="' + b"\f" * 8_000 + b' x"\r\n\r\nx'] * 24
    ),
    "190 texts": partial(_multi, *[b"\r\n" + b"word " * 5_000] * 190),
    "190 pages of HTML": partial(
        _multi, *[b"Content-Type: text/html\r\n\r\n" + b"<div>" * 4_000] * 190
    ),
    "190 alternatives": partial(_multi, *[_PART] * 190, kind=b"alternative"),
    "a part with 100,000 fields": partial(_multi, b"X: 1\r\n" * 100_000 + b"\r\nx"),
    "parts in parts, 19 deep": partial(_nested, 19),
    "parts in parts, 3,000 deep": partial(_nested, 3_000),
    "parts in parts of one boundary": partial(_nested, 3_000, same=True),
    "19 deep, with a million false borders": lambda: _nested(19) + b"\r\nx--b1" * 1_000_000,
    "mails in mails, 5,000 deep": partial(_forwarded, 5_000),
    "a digest of nothing": partial(_multi, *[b""] * 150, kind=b"digest"),
    "a border that never comes": partial(_multi, end=b"x\r\n" * 300_000),
    "a border that never closes": partial(_multi, _PART, end=b""),
    "words behind 90,000 ends, 19 deep": lambda: _nested(19) + b"\r\n--b1--\r\nwords" * 90_000,
    "1 MB before the parts, and behind them": partial(
        _mail,
        b"words " * 170_000 + b"\r\n--b\r\n\r\nx\r\n--b--\r\n" + b" words" * 170_000,
        b"Content-Type: multipart/mixed; boundary=b",
    ),
    "190 parts behind the end": partial(_multi, end=b"--b--\r\nwords\r\n--b\r\n\r\nx\r\n" * 95),
    "a boundary of a dash": partial(
        _mail, b"-" * 2_000_000, b"Content-Type: multipart/mixed; boundary=-"
    ),
    "an empty boundary": partial(_mail, b"--\r\n" * 50_000, b'Content-Type: multipart/mixed; boundary=""'),
    # -- text and its encodings
    "a line of 2 MB": partial(_text, b"a" * 2_000_000),
    "two million spaces": partial(_text, b" " * 2_000_000),
    "two million empty lines": partial(_text, b"\r\n" * 1_000_000),
    "a megabyte of text": partial(_text, b"Somebody was rude to me.\r\n" * 40_000),
    "a megabyte of letters of four bytes": partial(_text, "\U0001f600".encode() * 250_000),
    "a megabyte of combining marks": partial(_text, "a\u0301\u0323".encode() * 200_000),
    "marks over one letter": partial(
        _text, b"a" + "\u0301\u0327".encode() * 33_000, b"text/plain; charset=utf-8"
    ),
    "a megabyte of Arabic ligatures": partial(_text, "\ufdfa".encode() * 330_000),
    "right to left, 300,000 times": partial(_text, "\u202e\u2066".encode() * 150_000),
    "invisible letters": partial(_text, "\u200b\u2060".encode() * 150_000),
    "slashes on one line": partial(_text, b"/a " * 300_000),
    "slashes": partial(_text, b"/approve\r\n" * 100_000),
    "a command of a megabyte": partial(_text, b"/sanction " + b"a" * 1_000_000),
    "attributions": partial(_text, b"On a\r\n" * 170_000),
    "attributions of one line": partial(_text, b"On " + b"a " * 500_000 + b"wrote:"),
    "signatures": partial(_text, b"-- \r\n" * 200_000),
    "armour": partial(_text, b"-----BEGIN PGP MESSAGE-----x\r\n" * 30_000),
    "wishes": partial(_text, b"please keep out: alice\r\n" * 40_000),
    "addresses in the text": partial(_text, b"a@b.example " * 80_000),
    "flowed, quoted 10,000 deep": partial(_text, b">" * 10_000 + b" a \r\n", b"text/plain; format=flowed"),
    "flowed, quoted ever deeper": partial(
        _text, b"".join(b">" * n + b" a \r\n" for n in range(1_400)), b"text/plain; format=flowed"
    ),
    "flowed, and never ending": partial(_text, b"a \r\n" * 300_000, b"text/plain; format=flowed; delsp=yes"),
    "quoted-printable of equals signs": partial(_encoded, b"=" * 2_000_000, b"quoted-printable"),
    "quoted-printable of soft ends": partial(_encoded, b"=\r\n" * 600_000, b"quoted-printable"),
    "quoted-printable of blanks": partial(_encoded, b" \t" * 800_000, b"quoted-printable"),
    "base64 of words": partial(_encoded, b"word\r\n" * 300_000 + b"!", b"base64"),
    "base64 of many blocks": partial(_encoded, (b"QUJD" * 15 + b"\r\n!\r\n") * 30_000, b"base64"),
    "base64 of much padding": partial(_encoded, b"QUJD" * 15 + b"QQ==" * 500_000, b"base64"),
    "base64 of signs": partial(_encoded, b"=A" * 1_000_000, b"base64"),
    "base64 of one letter a line": partial(_encoded, b"A\r\n" * 600_000, b"base64"),
    "an unknown encoding": partial(_encoded, b"begin 644 x\r\n" * 50_000, b"x-uuencode"),
    **{
        f"a megabyte of {charset}": partial(
            _text, piece * (1_000_000 // len(piece)), b"text/plain; charset=" + charset.encode()
        )
        for charset, piece in {
            "utf-7": b"+AGEAYQ-", "utf-16": b"\xd8\x00", "utf-32": b"\xff\xff\xff\xff",
            "iso-2022-jp-ext": b"\x1b$B!!\x1b(B", "hz": b"~{!!~}", "gb18030": b"\x84\x31\xa4\x37",
            "big5hkscs": b"\x88\x62", "idna": b"xn--a-", "punycode": b"a-", "unicode_escape": b"\\N",
            "rot13": b"a", "zlib": b"x\x9c", "no-such-charset": b"\xff\xfe", "johab": b"\xd9\x31",
        }.items()
    },
    # -- HTML
    "tags that never close": partial(_html, b"<" * 1_000_000),
    "comments that never close": partial(_html, b"<!--" * 250_000),
    "scripts that never close": partial(_html, b"<script>" * 120_000),
    "50,000 blocks in blocks": partial(_html, b"<div>" * 50_000 + b"x"),
    "500,000 bytes of list items": partial(_html, b"<ul><li>" * 10_000),
    "tables in tables": partial(_html, b"<table><tr><td>" * 6_000 + b"x"),
    "tables in tables, closed": partial(_html, b"<table><tr><td>" * 200 + b"x" + b"</td></tr></table>" * 200),
    "a table of 10,000 cells": partial(_html, b"<table>" + b"<tr><td>x<td>y" * 5_000),
    "one row of 19,000 cells": partial(_html, b"<table><tr>" + b"<td>y" * 19_000),
    "a cell over a million columns": partial(_html, b"<table><tr><td colspan=1000000 rowspan=1000000>x"),
    "entities": partial(_html, b"&" * 1_000_000),
    "entities that explode": partial(
        _html,
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY b%d "%s">' % (n, b"&b%d;" % (n - 1) * 10) for n in range(1, 12))
        + b"]><a>&b11;</a>",
    ),
    "an entity that is a file": partial(
        _html, b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    ),
    "attributes by the thousand": partial(_html, b"<p " + b"a=b " * 200_000 + b">x"),
    "an attribute that never closes": partial(_html, b'<p a="' + b"x" * 900_000),
    "styles": partial(_html, b'<p style="' + b"display:none;" * 60_000 + b'">x</p>'),
    "a page that is set far to the right": partial(
        _html, b"<div style='padding-left: 100000em'>" + b"<br>x" * 1_900
    ),
    "a page with wide margins": partial(_html, b"<p style='margin-top: 100000em'>x</p>" * 900),
    "a wide table with many rows": partial(
        _html,
        b"<table><tr><td>" + b"A" * 150_000 + b"</td><td>b</td></tr>"
        + b"<tr><td>a</td><td>b</td></tr>" * 700,
    ),
    "lines in lists in lists": partial(_html, b"<ol>" * 240 + b"<pre>x" + b"\nx" * 90_000),
    "a letter of 5,000 digits": partial(_page, b"<p>He harassed me &#" + b"9" * 5_000 + b";</p>"),
    "breaks in lists in lists": partial(_page, b"<ul>" * 240 + b"<br>a" * 19_000),
    "lines in lists, in disguise": partial(
        _page, b"<ul>" * 240 + b"<p style='white&#45;space:pre'>" + b"a\n" * 60_000
    ),
    "items that count on from 4,000 digits": partial(
        _page, b"<ol><li value=" + b"9" * 4_000 + b">" + b"<li>x" * 19_000
    ),
    "words nested too deep": partial(
        _page, b"<p>" + b"covering text " * 40 + b"</p>" + b"<b>" * 300 + b"He harassed me."
    ),
    "20,000 tags that don't show": partial(_page, b"<b>x" * 19_000),
    "15,000 attributes that don't show": partial(
        _page, b"<p " + b"".join(b"a%d " % n for n in range(15_000)) + b">Help me."
    ),
    "preformatted": partial(_html, b"<pre>" + b" \r\n" * 300_000),
    "links": partial(_html, b'<a href="http://a.example/">a</a>' * 9_000),
    "a page of 175 KB beside a word": partial(
        _two_forms, b"See the HTML part", b"<p>He was rude.</p>\r\n" * 200 + b"again and " * 17_000
    ),
    "two forms of Arabic ligatures": partial(
        _two_forms, "\ufdfa".encode() * 66_000, "\ufdfa".encode() * 66_600
    ),
    "two forms that say the same": partial(_two_forms, b"again and " * 9_000, b"again and " * 9_000),
    # -- attachments
    "190 names of 8 KB": partial(_named, "a" * 7_900),
    "190 names of Arabic ligatures": partial(_named, "\ufdfa" * 880),
    "190 pictures without a name": partial(_multi, *[b"Content-Type: image/png\r\n\r\nx"] * 190),
    "an archive that explodes": lambda: _attached(_zip_bomb(), b"application/zip"),
    "a picture that explodes": lambda: _attached(_picture_bomb(), b"image/png"),
    "a name of a path": partial(_multi, _FILE + b'"../../etc/passwd"\r\n\r\nx'),
    "TNEF that is none": lambda: _attached(b"AAAA" * 50_000, b"application/ms-tnef"),
    "a calendar of a megabyte": partial(_text, b"BEGIN:VEVENT\r\n" * 70_000, b"text/calendar"),
    "an encrypted mail of one part": partial(
        _mail, b"--b\r\n\r\nVersion: 1\r\n", b"Content-Type: multipart/encrypted; boundary=b"
    ),
    # -- signatures (mail.md, section 3)
    "blanks under a relaxed signature": lambda: _signed(b"a" + b" \t" * 4_999 + b"a\r\n"),
    "many blanks under a relaxed signature": lambda: _signed((b" \t" * 4_000 + b"a\r\n") * 100),
    "a megabyte of blanks under a signature": lambda: _signed(b" \t" * 500_000 + b"a"),
    "blanks under a simple signature": lambda: _signed((b" " * 9_000 + b"\r\n") * 100, b"simple/simple"),
    "empty lines under a signature": lambda: _signed(b"\r\n" * 500_000),
    "single blanks under a signature": lambda: _signed(b"a " * 500_000),
    "blanks in the signature": lambda: _signed(b"x", more=b"\r\n" + b" \t" * 3_500 + b"\r\n"),
    "white space of another kind in the signature": lambda: _in_signature(b"\x0b\n " * 2_580),
    "the same in seven signatures": lambda: _in_signature(b"\x0b\n " * 2_580, times=7),
    "form feeds in the signature": lambda: _in_signature(b"\x0c\r\n\t\x0b" * 1_500),
    "a signature of tags": lambda: _signed(b"x", more=b" a=;" * 1_900),
    "l= that leaves all open": lambda: _signed(b"x" * 100_000, more=b" l=0;"),
    "l= of a thousand digits": lambda: _signed(b"x", more=b" l=" + b"9" * 1_000 + b";"),
    "eight signatures over a megabyte": lambda: _signed(b"a b\r\n" * 200_000, times=8),
    "two hundred signatures": lambda: _signed(b"x", times=200),
    "a signature over nothing that is there": lambda: (
        SIGNATURE.replace(b"h=from:to:date", b"h=" + b"x:" * 3_000 + b"from") % (b"relaxed", b"")
        + _mail()
    ),
    "a chain of ARC sets": partial(
        _mail, b"x", *[b"ARC-Seal: i=%d; cv=pass; b=AAAA" % n for n in range(1_500)]
    ),
    # -- machines
    "a report of reports": partial(
        _multi, *[b"Content-Type: message/delivery-status\r\n\r\nAction: failed"] * 150,
        kind=b"report; report-type=delivery-status",
    ),
    "a report of 100,000 lines": partial(_text, b"On a\r\n" * 100_000),
    "a report of angle brackets": partial(
        _multi,
        b"Content-Type: text/plain\r\n\r\nThis message was undeliverable due to the following"
        b" reason:\r\n" + (b"<" * 900 + b"\r\n") * 500,
        b"Content-Type: message/rfc822\r\n\r\nx: x\r\n",
    ),
    "a report of mails of 3,000 parts": partial(
        _multi,
        *[
            b"Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
            + b"--c\r\n\r\n" * 3_000
        ] * 20,
    ),
    "a bounce of a megabyte": partial(
        _mail, b"Final-Recipient: rfc822; a@b.example\r\n" * 25_000, b"Auto-Submitted: auto-replied"
    ),
}  # fmt: skip

LARGE: Mapping[str, Callable[[], bytes]] = {
    "49 MB of empty lines": partial(_text, b"\r\n" * 24_000_000),
    "49 MB on one line": partial(_text, b"a" * 48_000_000),
    "49 MB of one file": lambda: _attached(b"QUJD" * 11_000_000, b"image/png"),
    "49 MB of false borders, 19 deep": lambda: _nested(19) + b"\r\nx--b1" * 6_500_000,
    "49 MB of blanks under a signature": lambda: _signed(b"a " * 24_000_000),
    "49 MB of empty lines under eight signatures": lambda: _signed(b"\r\n" * 24_000_000, times=8),
    "49 MB of tags": partial(_html, b"<p>" * 16_000_000),
    "60 MB, beyond the limit": partial(_text, b"x\r\n" * 20_000_000),
}
