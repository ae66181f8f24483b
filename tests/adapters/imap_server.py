"""A small IMAP server over a socket, with one mailbox and folders beside it.

Owns what a usual server says; a test takes a command away from it, or answers in its stead, and has
it write in pieces. Knows nothing of who reads. Called by the tests of the IMAP adapter.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from cocmail.adapters.imap import ImapInbox, ImapSettings
from cocmail.core.people import Private
from cocmail.lab.waiting import free_port

HANG_UP = b"!hang up"
DRIP = b"!drip"
Answer = Callable[["Scripted", str, str], bytes | None]


@dataclass
class Folder:
    validity: int = 7
    messages: dict[int, bytes] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    next: int = 1

    def add(self, raw: bytes) -> int:
        uid, self.next = self.next, self.next + 1
        self.messages[uid] = raw
        return uid


class Scripted:
    def __init__(self) -> None:
        self.port = free_port()
        self.capabilities = "IMAP4rev1 IDLE MOVE UIDPLUS"
        self.tokens: set[str] = set()  # those that XOAUTH2 takes
        self.shown: list[str] = []  # those that it was shown
        self.separator, self.prefix = "/", ""
        self.folders = {"INBOX": Folder()}
        self.greeting = b"* OK hello\r\n"
        self.flags: dict[str, str] = {}  # what LIST says of some
        self.heard: list[str] = []
        self.connections = 0
        self.instead: Answer = lambda *_: None  # what to say in place of the usual answer
        self.piece = 0  # 0: whole answers; else in pieces of so many bytes
        self.pause = 0.0  # seconds between these
        self._new = asyncio.Event()

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    def append(self, raw: bytes) -> int:
        uid = self.inbox.add(raw)
        self._new.set()
        return uid

    def archived(self) -> list[bytes]:
        return list(self.folders.get("Filed", Folder()).messages.values())

    def said(self, verb: str) -> int:
        return sum(verb in line for line in self.heard)

    @contextlib.asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Scripted]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        try:
            yield self
        finally:
            server.close()

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        step = self.piece or len(data) or 1
        for at in range(0, len(data), step):
            writer.write(data[at : at + step])
            await writer.drain()
            if self.piece:
                await asyncio.sleep(self.pause)

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        """An answer that neither ends nor stops."""
        while True:
            writer.write(b"*")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        selected = Folder()
        try:
            if self.greeting == DRIP:
                await self._drip(writer)
            await self._write(writer, self.greeting)
            while line := (await reader.readline()).decode().rstrip("\r\n"):
                self.heard.append(line)
                tag, _, command = line.partition(" ")
                verb, _, rest = command.removeprefix("UID ").partition(" ")
                said = self.instead(self, verb, rest)
                if said == HANG_UP:
                    break
                if said == DRIP:
                    await self._drip(writer)
                if verb == "IDLE" and said is None:
                    await self._idle(reader, writer, selected)
                    said = b""
                if verb == "AUTHENTICATE" and said is None:
                    said = await self._authenticate(reader, writer)
                if verb == "SELECT":
                    selected = self.folders[rest.strip('"')]
                if said is None:
                    answer = getattr(self, f"do_{verb.lower()}")(selected, rest)
                    said = answer if isinstance(answer, bytes) else b""
                if self._new.is_set() and verb != "LOGIN":
                    self._new.clear()
                    said = b"* %d EXISTS\r\n" % len(selected.messages) + said
                if not re.search(rb"^(TAG|\+) ", said, re.MULTILINE):
                    said += b"TAG OK done\r\n"
                await self._write(writer, re.sub(rb"(?m)^TAG ", tag.encode() + b" ", said))
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _idle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, at: Folder
    ) -> None:
        await self._write(writer, b"+ idling\r\n")
        done = asyncio.ensure_future(reader.readline())
        new = asyncio.ensure_future(self._new.wait())
        await asyncio.wait({done, new}, return_when=asyncio.FIRST_COMPLETED)
        if new.done():
            self._new.clear()
            await self._write(writer, b"* %d EXISTS\r\n" % len(at.messages))
        new.cancel()
        if not await done:
            raise ConnectionResetError

    async def _authenticate(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """XOAUTH2 as Google and Microsoft tell of it: why not comes as a challenge, and the NO
        after the client's answer to it, which is to be empty."""
        await self._write(writer, b"+ \r\n")
        said = base64.b64decode(await reader.readline()).decode()
        asked = re.fullmatch(r"user=(.+)\x01auth=Bearer (.+)\x01\x01", said)
        assert asked, "no XOAUTH2"
        self.shown.append(asked[2])
        if asked[2] in self.tokens:
            return b""
        why = base64.b64encode(b'{"status":"400","schemes":"Bearer","scope":"mail"}')
        await self._write(writer, b"+ " + why + b"\r\n")
        self.answer = await reader.readline()
        return b"TAG NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n"

    @staticmethod
    def _uids(text: str) -> list[int]:
        return [int(uid) for uid in text.split(" ")[0].split(",")]

    def do_capability(self, *_: Any) -> bytes:
        return f"* CAPABILITY {self.capabilities}\r\n".encode()

    def do_login(self, *_: Any) -> None: ...
    def do_noop(self, *_: Any) -> None: ...
    def do_subscribe(self, *_: Any) -> None: ...

    def do_logout(self, *_: Any) -> bytes:
        return b"* BYE bye\r\n"

    def do_namespace(self, *_: Any) -> bytes:
        return f'* NAMESPACE (("{self.prefix}" "{self.separator}")) NIL NIL\r\n'.encode()

    def do_list(self, _: Folder, rest: str) -> bytes:
        name = rest.partition(" ")[2].strip('"')
        every = [*self.folders] if name == "*" else [name] if name in self.folders else []
        return "".join(
            f'* LIST ({self.flags.get(one, "")}) "{self.separator}" "{one}"\r\n'
            for one in (every if name else [""])
        ).encode()

    def do_create(self, _: Folder, rest: str) -> None:
        self.folders[rest.strip('"')] = Folder()

    def do_select(self, at: Folder, _: str) -> bytes:
        return b"* %d EXISTS\r\n* OK [UIDVALIDITY %d] x\r\n" % (len(at.messages), at.validity)

    def do_search(self, at: Folder, rest: str) -> bytes:
        uids = at.deleted if rest.startswith("DELETED") else set(at.messages) - at.deleted
        return ("* SEARCH " + " ".join(map(str, sorted(uids)))).strip().encode() + b"\r\n"

    def do_fetch(self, at: Folder, rest: str) -> bytes:
        out = b""
        for seq, uid in enumerate(self._uids(rest), 1):
            if uid not in at.messages:
                continue
            raw = at.messages[uid]
            if "RFC822.SIZE" in rest:
                out += b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n" % (seq, uid, len(raw))
                continue
            mark = b""
            if part := re.search(r"<(\d+)\.(\d+)>", rest):
                start, size = int(part[1]), int(part[2])
                raw, mark = raw[start : start + size], b"<%d>" % start
            out += b"* %d FETCH (UID %d BODY[]%s {%d}\r\n" % (seq, uid, mark, len(raw))
            out += raw + b")\r\n"
        return out

    def do_copy(self, at: Folder, rest: str) -> bytes | None:
        target = rest.partition(" ")[2].strip('"')
        if target not in self.folders:
            return b"TAG NO [TRYCREATE] no such folder\r\n"
        for uid in self._uids(rest):
            if uid in at.messages:
                self.folders[target].add(at.messages[uid])
        return None

    def do_move(self, at: Folder, rest: str) -> bytes | None:
        refused = self.do_copy(at, rest)
        if refused is None:
            for uid in self._uids(rest):
                at.messages.pop(uid, None)
        return refused

    def do_store(self, at: Folder, rest: str) -> None:
        at.deleted.update(self._uids(rest))

    def do_expunge(self, at: Folder, rest: str) -> None:
        for uid in set(self._uids(rest) if rest else at.deleted) & at.deleted:
            del at.messages[uid]
            at.deleted.discard(uid)


def inbox(server: Scripted, clock: Any, **changes: Any) -> ImapInbox:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "username": "conduct",
        "password": Private("secret"),
        "read_timeout": 60,
        "archive_keep": None,
    }
    return ImapInbox(ImapSettings(**(values | changes)), clock)


def only(verb: str, answer: bytes, times: int = 1_000_000, about: str = "") -> Answer:
    left = [times]

    def instead(_: Scripted, heard: str, rest: str) -> bytes | None:
        if heard != verb or about not in rest or not left[0]:
            return None
        left[0] -= 1
        return answer

    return instead


MAILS = [b"Subject: %d\r\n\r\n)\r\n{3}\r\nA1 OK \xff\r\n" % n for n in range(5)]
