"""Mailman behind a real nginx, with the lines that deploy/ gives to operators and what others have.

What no web server does when it is asked to (a date to come again, an answer of nothing, slowness by
the call) is in test_front.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cocmail.adapters.mailman import MailmanLists
from cocmail.core.enforcement import Step
from cocmail.core.errors import Permanent, Temporary
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure
from cocmail.lab.mailman import Mailman
from cocmail.lab.nginx import Call, Nginx
from tests.loops.lab import (
    BYSTANDER,
    DEV,
    NAMES,
    PERSON,
    Book,
    Lab,
    Now,
    banned,
    enforcement,
    where,
)

pytestmark = pytest.mark.servers

LINES = (Path(__file__).parents[2] / "deploy" / "nginx" / "mailman.conf").read_text()
LIMIT = "limit_req zone=mailman-api burst=20;"
SAYS_429 = "limit_req_status 429;"
PATIENCE = "proxy_read_timeout 60s;"


@dataclass(frozen=True)
class Authority:
    """One of one's own, and what it made for localhost."""

    ca: Path
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("tls")
    ca, ca_key, certificate, key = (folder / name for name in ("ca", "ca.key", "cert", "key"))
    new = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    server = ("-CA", ca, "-CAkey", ca_key, "-addext", "subjectAltName=DNS:localhost")
    for made in (
        (*new, "-subj", "/CN=Our own", "-keyout", ca_key, "-out", ca),
        (*new, "-subj", "/CN=lists", *server, "-keyout", key, "-out", certificate),
    ):
        subprocess.run(made, check=True, capture_output=True)
    return Authority(ca, certificate, key)


class Front:
    """An nginx with the lines of deploy/, but for our names, and for what a test has otherwise."""

    def __init__(
        self, folder: Path, mailman: Mailman, authority: Authority, **otherwise: str
    ) -> None:
        self._mailman = mailman
        self._ca = authority.ca
        self.nginx = Nginx(folder)
        lines = LINES
        for theirs, ours in {
            **otherwise,
            "listen 443 ssl": f"listen 127.0.0.1:{self.nginx.port} ssl",
            "/etc/nginx/lists.example.org.pem": str(authority.certificate),
            "/etc/nginx/lists.example.org.key": str(authority.key),
            "127.0.0.1:8001": f"127.0.0.1:{mailman.rest_port}",
        }.items():
            assert lines.count(theirs) == 1, theirs
            lines = lines.replace(theirs, ours)
        self.nginx.configure(lines)
        self.url = f"https://localhost:{self.nginx.port}/lists/api/3.1"

    @contextlib.asynccontextmanager
    async def lists(self, **more: Any) -> AsyncIterator[MailmanLists]:
        facts = {"timeout": 60, "ca_file": self._ca, **more}
        kind = facts.pop("kind", MailmanLists)
        lists = kind(self.url, self._mailman.username, self._mailman.password, **facts)
        try:
            yield lists
        finally:
            await lists.close()

    def calls(self) -> list[Call]:
        self.nginx.stop()
        return self.nginx.calls()


@pytest.fixture
def front(
    request: pytest.FixtureRequest, tmp_path: Path, mailman: Mailman, authority: Authority
) -> Iterator[Front]:
    front = Front(tmp_path, mailman, authority, **getattr(request, "param", {}))
    with front.nginx:
        yield front


def twice(calls: list[Call]) -> list[tuple[str, str, str]]:
    """What was passed on twice and is no question. A user's preferences are given back with each
    role."""
    changes = Counter((c.method, c.target, c.body) for c in calls if c.passed and c.method != "GET")
    assert changes
    return [one for one, times in changes.items() if times > 1 and "/users/" not in one[1]]


async def suspended_and_given_back(front: Front, lab: Lab, *, sweeps: int = 1) -> None:
    """With roles; each is done after so many sweeps."""
    before = lab.snapshot(*PERSON)
    clock = Now()
    book = Book(clock)
    async with front.lists() as lists:
        loop = enforcement(lists, book, clock)
        name = book.decide(Measure.SUSPEND, including_roles=True)
        for done in (book.proofs, book.returns):
            for _ in range(sweeps - 1):
                with contextlib.suppress(Temporary):
                    await loop.sweep()
                if done:
                    break
            if not done:
                await loop.sweep()
            assert len(done) == 1
            assert (where(lab, *PERSON) == []) is (done is book.proofs)
            assert (where(lab, *PERSON, role="moderator") == []) is (done is book.proofs)
            book.end(name)
    assert lab.snapshot(*PERSON) == before


async def test_tls_of_one_s_own_and_a_path_before_the_api(front: Front, lab: Lab) -> None:
    async with front.lists(ca_file=None) as lists:
        with pytest.raises(Permanent, match=r"\[mailman\] url can't be trusted: see ca_file"):
            await lists.observe([])
    with pytest.raises(Permanent, match=r"\[mailman\] ca_file can't be read"):
        async with front.lists(ca_file=Path("none")):
            pass
    assert front.nginx.calls() == [], "nothing was sent"
    async with front.lists() as lists:
        assert "Mailman" in await lists.version()
    await suspended_and_given_back(front, lab)
    calls = front.calls()
    assert all(call.passed for call in calls), "the limit slows down, and refuses none"
    assert twice(calls) == []


KEPT = {
    "server {": "upstream mailman {\n server 127.0.0.1:8001;\n keepalive 8;\n}\nserver {",
    "http://127.0.0.1:8001/;": "http://mailman/;\nproxy_http_version 1.1;\n"
    'proxy_set_header Connection "";',
}


@pytest.mark.parametrize("front", [KEPT], indirect=True)
async def test_connections_that_are_kept_for_mailman_don_t_hang_it(front: Front, lab: Lab) -> None:
    await suspended_and_given_back(front, lab)


REFUSING = {"rate=50r/s": "rate=40r/s", LIMIT: "limit_req zone=mailman-api;"}


@pytest.mark.parametrize("front", [REFUSING], indirect=True)
async def test_what_is_refused_as_too_many_is_sent_again_more_slowly(
    front: Front, lab: Lab
) -> None:
    """nginx never says for how long."""
    await suspended_and_given_back(front, lab)
    calls = front.calls()
    refused = [call for call in calls if not call.passed]
    assert {call.status for call in refused} == {429}
    assert len(refused) < len(calls) / 3
    assert twice(calls) == []


@pytest.mark.parametrize("front", [REFUSING | {SAYS_429: ""}], indirect=True)
async def test_what_nginx_refuses_by_itself_may_mean_anything(front: Front, lab: Lab) -> None:
    """503: a question is asked again; a change isn't, for nobody says that it wasn't begun."""
    await suspended_and_given_back(front, lab, sweeps=20)
    assert {call.status for call in front.calls() if not call.passed} == {503}


class Interrupted(MailmanLists):
    """Something happens to Mailman while it is asked to change something, once."""

    during: Callable[[], AbstractContextManager[None]] | None = None

    async def apply(self, step: Step) -> bool:
        during, self.during = self.during, None
        with during() if during else contextlib.nullcontext():
            return await super().apply(step)


@pytest.mark.parametrize("front", [{PATIENCE: "proxy_read_timeout 1s;"}], indirect=True)
async def test_a_mailman_that_is_silent_or_away_for_a_while(
    front: Front, mailman: Mailman, lab: Lab
) -> None:
    """nginx says 504 and 502. What it gave up Mailman does all the same, when it goes on."""
    before = lab.snapshot(*PERSON)
    clock = Now()
    book = Book(clock)

    @contextlib.contextmanager
    def silent() -> Iterator[None]:
        assert mailman._process is not None
        os.killpg(mailman._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(mailman._process.pid, signal.SIGCONT)

    @contextlib.contextmanager
    def away() -> Iterator[None]:
        mailman.kill()
        try:
            yield
        finally:
            mailman.start()

    async with front.lists(kind=Interrupted) as lists:
        loop = enforcement(lists, book, clock)
        name = book.decide(Measure.SUSPEND, including_roles=True)
        for during, done in ((silent, book.proofs), (away, book.returns)):
            lists.during = during
            with pytest.raises(Temporary):
                await loop.sweep()
            assert done == []
            await loop.sweep()
            assert len(done) == 1
            assert (where(lab, *PERSON) == []) is (done is book.proofs)
            book.end(name)
    assert lab.snapshot(*PERSON) == before
    failed = {(call.status, call.method == "GET") for call in front.calls() if call.status >= 500}
    assert failed >= {(502, False), (504, False)}


# The fourth would be the bystander's, to who tidies paths.
ODD = ("pat+tag", "o'hara=x%41&b?c#d%25", "jo/doe", f"x/../{BYSTANDER.local}", "a//b")


@pytest.mark.parametrize("local", ODD)
async def test_odd_addresses_reach_mailman_as_they_are(local: str, front: Front, lab: Lab) -> None:
    who = Address(f"{local}@example.net")
    lab.join(DEV, who)
    other = lab.snapshot(BYSTANDER)
    clock = Now()
    book = Book(clock)
    async with front.lists() as lists:
        loop = enforcement(lists, book, clock)
        name = book.decide(Measure.SUSPEND, who)
        await loop.sweep()
        assert where(lab, who) == []
        assert len(where(lab, BYSTANDER)) == len(NAMES)
        assert len(banned(lab)) == 2, "it, and it with any tag"
        book.end(name)
        await loop.sweep()
    assert where(lab, who) == [(who, "dev")]
    assert lab.snapshot(BYSTANDER) == other
    paths = [call.target.partition("?")[0] for call in front.calls()]
    assert [path for path in paths if re.search("%2f", path, re.IGNORECASE)] == []
