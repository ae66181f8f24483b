"""A small DNS server on loopback that answers TXT questions from a table that can change live.

Owns one UDP and one TCP socket on the same port, each with its thread. Knows nothing of DKIM.
Called by the demo and tests; `[authentication] nameservers` names its `address`.
"""

import enum
import socketserver
import struct
import threading
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from cocmail.lab.process import LabError
from cocmail.lab.waiting import free_port


class Mode(enum.Enum):
    """How it treats every question."""

    ANSWER = "answer"
    SILENT = "silent"
    SERVFAIL = "servfail"


class _Udp(socketserver.ThreadingUDPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = True
    owner: "Dns"


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    owner: "Dns"


class _UdpHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        question, connection = self.request
        assert isinstance(self.server, _Udp)
        answer = self.server.owner.answer(question, limit=None)
        if answer is not None:
            connection.sendto(answer, self.client_address)


class _TcpHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Tcp)
        self.request.settimeout(5)
        with self.request.makefile("rb") as stream:
            head = stream.read(2)
            if len(head) < 2:
                return
            question = stream.read(struct.unpack("!H", head)[0])
            answer = self.server.owner.answer(question, limit=65535)
            if answer is not None:
                self.request.sendall(struct.pack("!H", len(answer)) + answer)


class Dns:
    """`with Dns() as dns: dns.publish("s._domainkey.example.org", "v=DKIM1; p=…")`."""

    def __init__(self) -> None:
        self.mode = Mode.ANSWER
        self.questions: list[str] = []
        self._records: dict[str, list[str]] = {}
        self._servers: list[_Udp | _Tcp] = []
        self._threads: list[threading.Thread] = []
        self.port = free_port()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def publish(self, name: str, *texts: str) -> None:
        """These TXT records and no others stand at `name` from now on."""
        self._records[_key(name)] = list(texts)

    def withdraw(self, name: str) -> None:
        self._records.pop(_key(name), None)

    def start(self) -> None:
        if self._servers:
            raise LabError("this DNS server is started already")
        where = ("127.0.0.1", self.port)
        for server in (_Udp(where, _UdpHandler), _Tcp(where, _TcpHandler)):
            server.owner = self
            thread = threading.Thread(
                target=server.serve_forever, args=(0.05,), name="lab-dns", daemon=True
            )
            thread.start()
            self._servers.append(server)
            self._threads.append(thread)

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()
        self._servers, self._threads = [], []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def answer(self, wire: bytes, *, limit: int | None) -> bytes | None:
        """The answer to one question as it goes over the wire; None for silence."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if self.mode is Mode.SILENT or not query.question:
            return None
        response = dns.message.make_response(query, recursion_available=True)
        asked = query.question[0]
        self.questions.append(asked.name.to_text().rstrip("."))
        texts = self._records.get(_key(asked.name.to_text()))
        if self.mode is Mode.SERVFAIL:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif texts is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif asked.rdtype == dns.rdatatype.TXT:
            quoted = [_strings(text) for text in texts]
            response.answer.append(
                dns.rrset.from_text_list(
                    asked.name, 0, dns.rdataclass.IN, dns.rdatatype.TXT, quoted
                )
            )
        size = limit or max(query.payload, 512)
        try:
            return response.to_wire(max_size=size)
        except dns.exception.TooBig:
            # RFC 1035 §4.1.1: the client asks again over TCP.
            response.answer.clear()
            response.flags |= dns.flags.TC
            return response.to_wire()


def _key(name: str) -> str:
    return name.rstrip(".").lower()


def _strings(text: str) -> str:
    """RFC 1035 §3.3.14: a TXT record is strings of 255 octets at most."""
    escaped = [
        text[at : at + 255].replace("\\", "\\\\").replace('"', '\\"')
        for at in range(0, len(text), 255)
    ]
    return " ".join(f'"{part}"' for part in escaped or [""])
