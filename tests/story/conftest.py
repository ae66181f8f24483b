"""The stage of the story tests: real servers, `cocmail run` as a process, and people with mail.

Owns servers, daemons and how mail goes in and is read. Knows of cocmail only what interface.md
says: its configuration, its mail, its command line. `house` is one daemon a file and store, shared
by all tests that need no configuration of their own, each with its own case and its own people (it
ends with its file, since it would look after the lists for the rest of the run); `new_house` makes
a fresh one. Every wait is for a condition, with a deadline.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.utils import getaddresses
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cocmail.lab import community
from cocmail.lab.correspondent import Correspondent, key_of_domain, make_key
from cocmail.lab.dns import Dns
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.mailbox import deliver_by_lmtp
from cocmail.lab.mailman import Mailman
from cocmail.lab.postgres import Postgres
from cocmail.lab.process import Process
from cocmail.lab.sink import Caught, Sink
from cocmail.lab.waiting import free_port, wait_until
from tests.story.verbs import Verbs, loaded

HERE = Path(__file__).parent
PATIENCE = 60.0
NODE = ("sig-node@lists.example.org", "sig-node-bugs@lists.example.org")
# Words that stand in reports and nowhere else: no log and no letter to the respondent has them.
CONFIDED = "He pursued me through every channel and frightened my orange kitten Whiskerby"
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.servers)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """What fails shows what the daemons said: nobody can go and look in CI."""
    report = yield
    if report.failed:
        for house in House.started:
            report.sections.append((f"the daemon of {house.user}", house.said()[-6000:]))
            report.sections.append((f"how {house.user} stood", house.stood()))
    return report


class Person(Correspondent):
    """Somebody with a mailbox; a member has a handle."""

    def __init__(self, address: str, name: str, *, handle: str = "") -> None:
        super().__init__(address, name, dkim_key=key_of_domain(address.partition("@")[2]))
        self.handle = handle

    @property
    def forger(self) -> Correspondent:
        """Somebody who writes in their name, with a key that isn't theirs."""
        return Correspondent(self.address, self.name, dkim_key=make_key())


def folded(text: str) -> str:
    """What a reader reads, however it was wrapped and quoted."""
    return " ".join(text.replace("\n>", "\n").split()).lower()


def whole(caught: Caught) -> str:
    """Every byte of a mail, and its text decoded as well: what nobody may find anything in."""
    return caught.data.decode(errors="replace").lower() + folded(caught.text)


class Lists:
    """Mailman, as its owner sees it."""

    def __init__(self, mailman: Mailman) -> None:
        self.mailman = mailman

    def join(self, mailing_list: str, address: str, **more: Any) -> None:
        community.subscribe(self.mailman, community.full_name(mailing_list), address, **more)

    def rejoin(self, name: str, address: str) -> int:
        """An attempt to subscribe: the HTTP status."""
        status, _ = self.mailman.api(
            "POST", "members", list_id=f"{name}.{community.DOMAIN}", subscriber=address,
            pre_verified=True, pre_confirmed=True, pre_approved=True,
        )  # fmt: skip
        return status

    def _rows(self, address: str, **narrower: str) -> list[dict[str, Any]]:
        """Memberships; Mailman answers 500 where one of them goes while it looks."""

        def rows() -> tuple[list[dict[str, Any]]] | None:
            with suppress(community.Refused):
                return (community.memberships(
                    self.mailman, address, role="member", **narrower
                ),)  # fmt: skip
            return None

        found = wait_until(rows, timeout=60, what="an answer of Mailman's")
        assert found is not None
        return found[0]

    def on(self, address: str, **narrower: str) -> list[str]:
        rows = self._rows(address, **narrower)
        return sorted(str(row["list_id"]).partition(".")[0] for row in rows)

    def held(self, name: str, address: str) -> str:
        found = self._rows(address, list_id=f"{name}.{community.DOMAIN}")
        return str(found[0].get("moderation_action", "")) if found else "no member"

    def banned(self, name: str, address: str) -> bool:
        return community.is_banned(self.mailman, address, community.full_name(name))

    def names(self) -> list[str]:
        return [name.partition("@")[0] for name in community.lists(self.mailman)]

    def is_out(self, *addresses: str) -> bool:
        """Off every list and kept off every list."""
        return all(
            not self.on(address) and all(self.banned(name, address) for name in self.names())
            for address in addresses
        )

    def snapshot(self, *addresses: str) -> dict[str, Any]:
        """All that REST shows of a person; other people's bans are left out."""
        found = community.snapshot(self.mailman, addresses)
        bans = {name: [b for b in some if b in addresses] for name, some in found["bans"].items()}
        return {**found, "bans": bans}


@dataclass(kw_only=True)
class Servers:
    """What is started once."""

    mailman: Mailman
    dovecot: Dovecot
    dns: Dns
    seed: Path  # what `cocmail init` wrote
    verbs: Verbs


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    base = tmp_path_factory.mktemp("story")
    with ExitStack() as stack:
        mailman = stack.enter_context(Mailman(base / "mailman"))
        community.make_domain(mailman)
        for name in community.LISTS:
            community.make_list(mailman, community.full_name(name))
            community.subscribe(
                mailman, community.full_name(name), "amara@members.example.net", role="owner"
            )
        dovecot = stack.enter_context(Dovecot(base / "dovecot"))
        dns = stack.enter_context(Dns())
        seed = base / "seed"
        subprocess.run(
            [sys.executable, "-m", "cocmail", "init", str(seed)], check=True, capture_output=True
        )
        verbs = stack.enter_context(loaded())
        yield Servers(mailman=mailman, dovecot=dovecot, dns=dns, seed=seed, verbs=verbs)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with Postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_store(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Makes the URL of a store of its own."""
    if request.param == "sqlite":
        return lambda: "sqlite:///cocmail.db"
    server: Postgres = request.getfixturevalue("postgres")
    return lambda: server.create_database(f"story{next(_numbers)}")


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


class House:
    """One cocmail: its folder, its process, its committee, its public address."""

    started: ClassVar[list[House]] = []

    def __init__(self, servers: Servers, url: str, directory: Path, more: dict[str, Any]) -> None:
        number = next(_numbers)
        self.servers = servers
        self.directory = directory
        self.lists = Lists(servers.mailman)
        self.user = f"conduct{number}"
        self.address = f"{self.user}@example.org"
        self.sink = Sink()
        self.sink.start()
        self.people: list[Person] = []
        self.alice = self._member("alice", "Alice Adeyemi")
        self.bob = self._member("bob", "Bob Brandt")
        self.carol = self._member("carol", "Carol Costa")
        # More of them where a test says so: `new_house(more=("dave",))`.
        others = more.pop("more", ())
        self.members = (
            self.alice, self.bob, self.carol,
            *(self._member(handle, f"{handle.title()} Dumont") for handle in others),
        )  # fmt: skip
        self.english: tuple[str, ...] = more.pop("english", ())
        self.configuration = directory / "cocmail.toml"
        self.log = directory / "cocmail.log"
        self.lmtp_port = free_port()
        self._process: Process | None = None
        shutil.copytree(servers.seed, directory)
        self._configure(url, more)

    def _member(self, handle: str, name: str) -> Person:
        member = Person(f"{handle}@{handle}.example", name, handle=handle)
        member.publish(self.servers.dns)
        self.people.append(member)
        return member

    def _configure(self, url: str, more: dict[str, Any]) -> None:
        servers = self.servers
        tables: dict[str, dict[str, Any]] = {
            "community": {"name": "Example Community", "address": self.address},
            "store": {"url": url, "key_file": "cocmail.key"},
            "imap": {
                "host": "127.0.0.1", "port": servers.dovecot.imap_port, "security": "none",
                "username": self.user, "password_file": "imap.password",
            },
            "lmtp": {"listen": f"127.0.0.1:{self.lmtp_port}"},
            "submission": {"host": "127.0.0.1", "port": self.sink.port, "security": "none"},
            "authentication": {"nameservers": [servers.dns.address]},
            "mailman": {
                "url": servers.mailman.url, "username": servers.mailman.username,
                "password_file": "mailman.password", "sweep_every": "2s",
            },
            "mailman.groups": {"node": list(NODE)},
            "filters": {"directories": ["filters.d"]},
            "limits": {"from_domain": 1_000_000, "in_all": 1_000_000},
        }  # fmt: skip
        for name, values in more.items():
            if values is None:
                del tables[name]
            elif name.startswith("imaps."):  # another user of the same server
                tables[name] = {**tables["imap"], **values}
            else:
                tables[name] = {**tables.get(name, {}), **values}
        lines: list[str] = []
        for name, values in tables.items():
            lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
        for member in self.members:
            lines += [
                "[[committee]]",
                f'handle = "{member.handle}"',
                f'name = "{member.name}"',
                f'addresses = ["{member.address}"]',
                *(['language = "en"'] if member.handle in self.english else []),
            ]
        self.pushed = "lmtp" in tables
        self.configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")
        secrets = {
            "imap.password": servers.dovecot.password,
            "mailman.password": servers.mailman.password,
        }
        for name, secret in secrets.items():
            (self.directory / name).touch(mode=0o600)
            (self.directory / name).write_text(secret, encoding="utf-8")

    # -- the process ---------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        return dict(os.environ, COCMAIL_CONFIG=str(self.configuration), NO_COLOR="1")

    def start(self) -> None:
        argv = [sys.executable, "-m", "cocmail", "run"]
        self.started[:] = {*self.started, self}
        begun = self.said().count("cocmail is ready")
        self._process = Process(
            argv, log=self.log, cwd=self.directory, environment=self.environment
        )
        self._process.wait_ready(
            lambda: self.said().count("cocmail is ready") > begun, timeout=60, what="cocmail"
        )

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(timeout=12)
            self._process = None

    def kill(self) -> None:
        """As the machine's end would: without a word."""
        assert self._process is not None
        self._process.kill()
        self._process = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def said(self) -> str:
        """All that the daemon wrote on stdout and stderr."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def stood(self) -> str:
        """What its status is, and the mails that left last."""
        left = (
            f"{one.header('Cocmail-Kind')} to {', '.join(one.recipients)}: {one.header('Subject')}"
            for one in self.sink.messages[-30:]
        )
        return "\n".join((self.call("status").stdout, *left))

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.servers.verbs.call(words, self.environment)

    def ask(self, *words: str) -> Any:
        done = self.call(*words, "--json")
        assert done.returncode == 0, (words, done.stderr)
        assert "Traceback" not in done.stderr
        return json.loads(done.stdout)

    def close(self) -> None:
        self.stop()
        self.started[:] = [house for house in self.started if house is not self]
        self.sink.stop()
        said = self.said().lower()
        assert "traceback" not in said, self.log
        assert "whiskerby" not in said, "words of a report are in the log"
        for person in self.people:
            assert person.address not in said, "an address is in the log"
            assert person.name.lower() not in said, "a name is in the log"

    # -- mail ----------------------------------------------------------------------------------

    def somebody(self, name: str) -> Person:
        """A person whom no other test knows."""
        number = next(_numbers)
        first = name.split()[0].lower()
        person = Person(f"{first}{number}@{first}.example.net", name)
        person.publish(self.servers.dns)
        self.people.append(person)
        return person

    def post(self, mail: bytes, *, pulled: bool = False) -> None:
        """As the sender's provider and our MX do: one delivery for each address of ours."""
        parsed = message_from_bytes(mail)
        sender = getaddresses([str(parsed["From"])])[0][1]
        fields = [*parsed.get_all("To", []), *parsed.get_all("Cc", [])]
        ours = [a for _, a in getaddresses([str(f) for f in fields]) if self.is_ours(a)]
        assert ours, "this mail isn't for us"
        for address in dict.fromkeys(ours):
            (self.into_inbox if pulled else self.deliver)(mail, address, sender)

    def deliver(self, mail: bytes, address: str, sender: str = "") -> None:
        """By LMTP where it is on, since Dovecot tells of new mail after half a second only."""
        if self.pushed:
            deliver_by_lmtp(self.lmtp_port, mail, recipient=address, sender=sender)
        else:
            self.into_inbox(mail, address, sender)

    def into_inbox(self, mail: bytes, address: str, sender: str = "") -> None:
        """By IMAP: Dovecot has it, and the daemon pulls it."""
        self.servers.dovecot.deliver(mail, recipient=address, sender=sender)

    def is_ours(self, address: str) -> bool:
        local, _, domain = address.lower().rpartition("@")
        return domain == "example.org" and local.partition("+")[0] == self.user

    def detail(self, detail: str) -> str:
        return f"{self.user}+{detail}@example.org"

    def now(self) -> int:
        """A moment in the post: give it as `after`."""
        return len(self.sink.messages)

    def mail(
        self,
        to: Person | str,
        kind: str,
        containing: str = "",
        *,
        case: str = "",
        after: int = 0,
        within: float = PATIENCE,
    ) -> Caught:
        """The first such mail; waits for it."""
        address = to if isinstance(to, str) else to.address
        what = f"a mail of kind {kind} to {address.partition('@')[0]} with “{containing}”"
        return self.sink.wait_for(
            lambda c: self._fits(c, address, kind, containing, case),
            within, after=after, what=what,
        )  # fmt: skip

    def mails(
        self, to: Person | str, kind: str = "", containing: str = "", *, case: str = "",
        after: int = 0,
    ) -> list[Caught]:  # fmt: skip
        """All such mails by now."""
        address = to if isinstance(to, str) else to.address
        return [
            c for c in self.sink.messages[after:] if self._fits(c, address, kind, containing, case)
        ]

    def _fits(self, caught: Caught, address: str, kind: str, containing: str, case: str) -> bool:
        return (
            caught.is_for(address)
            and (not kind or caught.header("Cocmail-Kind") == kind)
            and (not case or caught.header("Cocmail-Case") == case)
            and folded(containing) in folded(caught.text)
        )

    def report(
        self,
        text: str = CONFIDED,
        *,
        reporter: Person | None = None,
        to: str | None = None,
        cc: str | None = None,
        readers: Iterable[Person] | None = None,
    ) -> Case:
        """A reporter writes; the case is there when its readers have their copies."""
        reporter = reporter or self.somebody("Rae Rivera")
        after = self.now()
        mail = reporter.write(to or self.address, "Please help me", text, cc=cc)
        self.post(mail, pulled=True)
        acknowledgement = self.mail(reporter, "acknowledgement", after=after)
        case = Case(house=self, reporter=reporter, mail=mail, acknowledgement=acknowledgement)
        case.read_by(self.members if readers is None else readers, after=after)
        return case

    def quiet(self) -> None:
        """Until the inbox is empty, no mail waits and no letter either."""

        def nothing_waits() -> bool:
            if self.servers.dovecot.mailbox(self.user).count():
                return False
            standing = self.ask("status")
            return not standing["mail"]["waiting"] and not standing["outbox"]["waiting"]

        wait_until(nothing_waits, timeout=PATIENCE, what="the daemon to be done", every=0.1)


@dataclass(kw_only=True)
class Case:
    """One case, from the side of those who mail about it."""

    house: House
    reporter: Person
    mail: bytes
    acknowledgement: Caught
    copies: dict[str, Caught] = field(default_factory=dict)
    reference: str = ""

    def read_by(self, members: Iterable[Person], *, after: int = 0) -> None:
        """Wait for these members' copies of the report."""
        text = message_from_bytes(self.mail).get_payload()
        assert isinstance(text, str)
        for member in members:
            self.copies[member.handle] = self.house.mail(member, "report", text, after=after)
        self.reference = next(
            (copy.header("Cocmail-Case") for copy in self.copies.values()), self.reference
        )

    def say(self, member: Person, text: str, *, to: Caught | None = None, **more: Any) -> bytes:
        """A member answers a mail of ours, their copy of the report unless another is given."""
        mail = member.answer((to or self.copies[member.handle]).data, text, **more)
        self.house.post(mail)
        return mail

    def hears(
        self, to: Person, kind: str, containing: str = "", *, after: int = 0,
        within: float = PATIENCE,
    ) -> Caught:  # fmt: skip
        """The mail of this case that a member gets; waits for it."""
        return self.house.mail(
            to, kind, containing, case=self.reference, after=after, within=within
        )

    def all_hear(self, kind: str, containing: str = "", *, after: int = 0) -> list[Caught]:
        return [self.hears(m, kind, containing, after=after) for m in self.house.members]

    def heard(
        self, to: Person, kind: str = "", containing: str = "", *, after: int = 0
    ) -> list[Caught]:
        return self.house.mails(to, kind, containing, case=self.reference, after=after)

    def settle(self, by: Person | None = None) -> Caught:
        """Until all that came before was handled and has left: `/status` is answered last."""
        by = by or self.house.alice
        after = self.house.now()
        self.say(by, "/status")
        return self.hears(by, "answer", after=after)

    def refused(self, member: Person, text: str, *, to: Caught | None = None) -> str:
        """What the refusal says."""
        after = self.house.now()
        self.say(member, text, to=to)
        return folded(self.hears(member, "refusal", after=after).text)

    def propose(self, text: str, *, by: Person | None = None) -> dict[str, Caught]:
        """The ballots by handle."""
        after = self.house.now()
        self.say(by or self.house.alice, text)
        voters = [m for m in self.house.members if m.handle in self.copies]
        return {m.handle: self.hears(m, "ballot", after=after) for m in voters}

    def vote(self, ballots: dict[str, Caught], *members: Person, text: str = "/approve") -> None:
        for member in members:
            after = self.house.now()
            self.say(member, text, to=ballots[member.handle])
            word = text.split()[0].lstrip("/")
            self.hears(member, "message", word, after=after)

    def decide(self, text: str) -> None:
        """A sanction is proposed, approved by two, and told."""
        after = self.house.now()
        ballots = self.propose(text)
        self.vote(ballots, self.house.bob, self.house.carol)
        self.all_hear("decision", after=after)

    def undecided(self) -> None:
        """Nothing of this case was decided so far."""
        assert "needs" in self.settle().text, "a vote is open"
        assert not self.heard(self.house.alice, "decision")

    def sanctions(self) -> list[dict[str, Any]]:
        listed = self.house.ask("sanction", "list")
        return [one for one in listed if one["case"] == self.reference]

    def sanction(self) -> dict[str, Any]:
        """The case's only one."""
        (found,) = self.sanctions()
        return dict(found)

    def becomes(self, state: str, *, within: float = PATIENCE) -> dict[str, Any]:
        def so() -> dict[str, Any] | None:
            found = self.sanction()
            return found if found["state"] == state else None

        found = wait_until(so, timeout=within, what=f"the state {state}", every=0.1)
        assert found is not None
        return found

    def events(self) -> list[dict[str, Any]]:
        return list(self.house.ask("case", "show", self.reference)["events"])


NewHouse = Callable[..., House]


def _houses(
    servers: Servers,
    new_store: Callable[[], str],
    factory: pytest.TempPathFactory,
    stack: ExitStack,
) -> NewHouse:
    def make(*, started: bool = True, **more: Any) -> House:
        directory = factory.mktemp("house") / "cocmail"
        house = House(servers, new_store(), directory, more)
        stack.callback(house.close)
        if started:
            house.start()
        return house

    return make


@pytest.fixture(scope="module")
def house(
    servers: Servers, new_store: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The shared daemon. Nobody recuses anybody here: that outlives a case."""
    with ExitStack() as stack:
        yield _houses(servers, new_store, tmp_path_factory, stack)()


@pytest.fixture(scope="module")
def apart(
    servers: Servers, new_store: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Another shared daemon: in this one people are kept out of cases."""
    with ExitStack() as stack:
        yield _houses(servers, new_store, tmp_path_factory, stack)()


@pytest.fixture
def new_house(
    servers: Servers, new_store: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NewHouse]:
    """`new_house(policy={"voting_period": "2s"})`: a daemon of this test's own."""
    with ExitStack() as stack:
        yield _houses(servers, new_store, tmp_path_factory, stack)


@pytest.fixture
def mallory(house: House) -> Person:
    """Somebody on three lists with options of their own."""
    person = house.somebody("Mallory Vance")
    house.lists.join(
        "general", person.address, name=person.name,
        preferences={"delivery_mode": "mime_digests", "receive_own_postings": "false"},
    )  # fmt: skip
    house.lists.join("dev", person.address, name=person.name, moderation_action="hold")
    house.lists.join("sig-node", person.address, name=person.name)
    return person
