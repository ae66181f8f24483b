"""The plugin in a real Mailman: told at once, held on arrival, never in Mailman's way."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cocmail.adapters.hook import Hook, sign
from cocmail.adapters.mailman import MailmanLists
from cocmail.core.arrivals import Arrival
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure, Scope
from cocmail.lab.mailman import Mailman
from cocmail.lab.waiting import free_port
from cocmail.loops.bell import Bell, Flurry
from cocmail.loops.enforcement import Enforcement
from tests.loops.lab import Book, Now

PLUGIN = Path(__file__).parents[2] / "deploy" / "mailman" / "plugin"
KEY = b"a key that two programs share, and nobody else"
MAL, EVE, ZOE = (Address(f"{one}@people.test") for one in ("mal", "eve", "zoe"))


def lines(folder: Path, port: int) -> str:
    (folder / "key").write_bytes(KEY + b"\n")
    cfg = folder / "cocmail.cfg"
    cfg.write_text(f"[cocmail]\nurl: http://127.0.0.1:{port}\nkey_file: {folder / 'key'}\n")
    return (
        "[plugin.cocmail_mailman]\nclass: cocmail_mailman.plugin.Plugin\nenabled: yes\n"
        f"configuration: {cfg}\n"
    )


class Site:
    """A Mailman with the plugin, two lists, and where it tells."""

    def __init__(self, mailman: Mailman, port: int) -> None:
        self.mailman, self.port = mailman, port

    async def api(self, method: str, path: str, **data: Any) -> Any:
        status, body = await asyncio.to_thread(self.mailman.api, method, path, **data)
        assert status < 400, (method, path, status)
        return body

    async def join(self, name: str, who: str) -> None:
        pre = dict.fromkeys(("pre_verified", "pre_confirmed", "pre_approved"), True)
        await self.api("POST", "members", list_id=f"{name}.lists.test", subscriber=who, **pre)

    async def leave(self, name: str, who: str) -> None:
        path = f"lists/{name}.lists.test/roster/member"
        await self.api("DELETE", path, emails=[who])

    async def action(self, name: str, who: str) -> str:
        """How they stand on this list: "absent", or their moderation action."""
        found = await self.api(
            "GET", "members/find", subscriber=who, list_id=f"{name}.lists.test", role="member"
        )
        rows = found.get("entries", [])
        return rows[0].get("moderation_action", "default") if rows else "absent"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, port = tmp_path_factory.mktemp("plugin"), free_port()
    with Mailman(folder, workers=1, extra=lines(folder, port), modules=PLUGIN) as mailman:
        mailman.api("POST", "domains", mail_host="lists.test")
        for name in ("a", "b"):
            mailman.api("POST", "lists", fqdn_listname=f"{name}@lists.test")
        yield Site(mailman, port)


class World:
    """The enforcement as the daemon runs it, but for an hour between two sweeps."""

    def __init__(self, site: Site) -> None:
        mailman = site.mailman
        self.lists = MailmanLists(mailman.url, mailman.username, mailman.password, timeout=60)
        self.book = Book(Now())
        self.enforcement = Enforcement(
            self.lists, self.book, self.book.clock, groups={}, sweep_every=timedelta(hours=1)
        )
        bell = Bell()
        self.enforcement.wake = bell.event
        self.messages = 0
        self.flurry = Flurry(bell)
        self.hook = Hook(
            ("127.0.0.1", site.port), KEY, self._changed, lambda: self.enforcement.to_hold
        )

    def _changed(self, held: tuple[Arrival, ...]) -> None:
        self.messages += 1
        self.enforcement.arrived(held)
        self.enforcement.look_anew = True
        self.flurry.touch()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.hook.run()), asyncio.create_task(self.enforcement.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.lists.close()


async def told(world: World, site: Site, until: Any) -> None:
    """The plugin knows who is to be held: it asks whenever it tells of a change, and what it says
    next it says with that answer in hand."""
    for method, path, email in (
        ("POST", "bans", {"email": "nobody@people.test"}),
        ("DELETE", "bans/nobody@people.test", {}),
    ):
        seen = world.messages
        await site.api(method, path, **email)
        await until(lambda before=seen: world.messages > before)


@pytest.mark.servers
async def test_drift_is_put_right_at_once_and_arrivals_are_held(site: Site, until: Any) -> None:
    world = World(site)
    for name, who in (("a", MAL), ("a", ZOE)):
        await site.join(name, who)
    found = await site.api("GET", "members/find", subscriber=MAL)
    member = f"members/{found['entries'][0]['member_id']}"
    await site.api("PATCH", member, moderation_action="accept")
    async with world.running():
        await until(lambda: world.hook.listening)
        suspended = world.book.decide(Measure.SUSPEND, MAL)
        moderated = world.book.decide(Measure.MODERATE, EVE, scope=Scope(lists=("a@lists.test",)))
        world.enforcement.wake.set()
        await until(lambda: len(world.book.proofs) == 2)
        assert await site.action("a", MAL) == "absent"
        await told(world, site, until)

        # Somebody lifts the ban and subscribes them again.
        async with world.enforcement._lock:  # one would ban them again before they could subscribe
            await site.api("DELETE", f"bans/{MAL}")
            sweeps, proofs = world.messages, len(world.book.proofs)
            await site.join("b", MAL)
        # It is an hour to the next sweep, so it came by the plugin's word.
        took = await until(lambda: len(world.book.proofs) > proofs)
        print(f"put right and read back {took:.1f} s after Mailman had answered")
        assert await site.action("b", MAL) == "absent"
        assert world.messages > sweeps

        # Held before anybody of ours could have looked; on the other list they are free.
        await site.join("a", EVE)
        assert await site.action("a", EVE) == "hold"
        await site.join("b", EVE)
        assert await site.action("b", EVE) == "default"
        # With a plus-tag as well.
        tagged = Address(EVE.replace("@", "+2@"))
        await site.join("a", tagged)
        assert await site.action("a", tagged) == "hold"
        places = {("a@lists.test", one, "member") for one in (EVE, tagged)}
        await until(
            lambda: (
                places
                <= {(b.list, b.address, b.role) for b in world.book.sanctions[moderated].before}
            )
        )
        assert await site.action("a", tagged) == "hold"
        # And at the end nothing of it is left, though the plugin's answer is just too old.
        world.hook._to_hold = lambda: {(MAL, "*")}
        await told(world, site, until)
        world.book.end(moderated)
        world.book.end(suspended)
        world.enforcement.wake.set()
        await until(lambda: len(world.book.returns) == 2)
        # Our nonmember row of Eve, Eve herself at both addresses, and he as he came back: told by a
        # thread of the plugin's. A sweep that came as she joined made her a second nonmember row.
        await until(lambda: len([a for a in world.enforcement._arrived if a.list[0] == "a"]) >= 4)
        world.enforcement.wake.set()
        await until(lambda: all(world.enforcement._arrived.values()))
        assert await site.action("a", EVE) == await site.action("a", tagged) == "default"
        assert await site.action("a", MAL) == "accept"
        assert await site.action("a", ZOE) == "default"


@pytest.mark.servers
async def test_whom_no_sanction_bears_on_any_more_is_let_go(site: Site, until: Any) -> None:
    world = World(site)
    world.hook._to_hold = lambda: {(ZOE, "*")}  # as an answer would be that is just too old
    async with world.running():
        await until(lambda: world.hook.listening)
        await told(world, site, until)
        await site.join("b", ZOE)
        # Held as it came, and let go by the sweep that was told of it.
        await until(lambda: any(world.enforcement._arrived.values()))
        assert {one.list for one in world.enforcement._arrived} == {"b@lists.test"}
        assert await site.action("b", ZOE) == "default"
        assert await site.action("a", ZOE) == "default"


# -- never in Mailman's way ------------------------------------------------------------------


class Silent:
    """It takes connections and never answers."""

    def __enter__(self) -> int:
        self._socket = socket.create_server(("127.0.0.1", 0))
        return int(self._socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._socket.close()


@pytest.mark.servers
async def test_mailman_is_not_slowed_by_a_daemon_that_is_away(tmp_path: Path, until: Any) -> None:
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(Silent())
        port = free_port()
        sites = {}
        for name, told_at in (("without", 0), ("away", port), ("silent", silent)):
            folder = tmp_path / name
            folder.mkdir()
            configuration = lines(folder, told_at) if told_at else ""
            mailman = Mailman(folder, workers=1, extra=configuration, modules=PLUGIN)
            stack.callback(mailman.close)
            sites[name] = Site(mailman, port)
        await asyncio.gather(*(asyncio.to_thread(one.mailman.start) for one in sites.values()))
        for one in sites.values():
            await one.api("POST", "domains", mail_host="lists.test")
            await one.api("POST", "lists", fqdn_listname="a@lists.test")
        # Others are at work on the same processors, now on more and now on less.
        for attempt in range(5):
            times: dict[str, list[float]] = {name: [] for name in sites}
            for number in range(10):
                for name, one in sites.items():
                    start = time.perf_counter()
                    await one.join("a", f"p{attempt}-{number}@people.test")
                    times[name].append(time.perf_counter() - start)
            medians = {name: statistics.median(some) for name, some in times.items()}
            print({name: f"{1000 * median:.1f} ms" for name, median in medians.items()})
            slowed = [
                name
                for name in ("away", "silent")
                if medians[name] >= 1.5 * medians["without"] + 0.01 or max(times[name]) >= 1
            ]
            if not slowed:
                break
        assert not slowed, (medians, "or somebody waited")
        # What was missed meanwhile holds at the next sweep.
        world = World(sites["away"])
        await sites["away"].join("a", MAL)
        world.book.decide(Measure.SUSPEND, MAL)
        await world.enforcement.sweep()
        assert await sites["away"].action("a", MAL) == "absent"
        await world.lists.close()


# -- who is believed -------------------------------------------------------------------------


def say(port: int, body: bytes, signature: str, method: str = "POST") -> tuple[int, bytes, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, "/", body, {"X-Cocmail-Signature": signature})
        answer = connection.getresponse()
        said = answer.read()
        return answer.status, said, answer.getheader("X-Cocmail-Signature", "")
    finally:
        connection.close()


def message(nonce: str, **more: Any) -> bytes:
    return json.dumps({"at": time.time(), "nonce": nonce, "changed": True} | more).encode()


async def test_only_a_fresh_and_signed_message_counts(until: Any, running: Any) -> None:
    changes: list[tuple[Arrival, ...]] = []
    hook = Hook(("127.0.0.1", free_port()), KEY, changes.append, lambda: {(MAL, "*")})
    port = hook._listen[1]
    sound, early = message("one"), message("two", at=time.time() - 3600)
    ahead = message("three", at=time.time() + 3600)
    async with running(hook.run()):
        await until(lambda: hook.listening)
        status, answer, signed = await asyncio.to_thread(
            say, port, sound, sign(KEY, "changed", sound)
        )
        assert status == 200
        assert changes == [()]
        assert signed == sign(KEY, "one", answer)
        assert MAL.local.encode() not in answer
        told = json.loads(answer)
        again = message("four", version=told["version"], changed=False, held=[["id", "a@l.test"]])
        _, answer, _ = await asyncio.to_thread(say, port, again, sign(KEY, "changed", again))
        assert "digests" not in json.loads(answer)
        assert changes.pop() == (Arrival(member_id="id", list="a@l.test"),)
        fresh = message("five")
        for body, signature, method in (
            (sound, sign(KEY, "changed", sound), "POST"),  # a replay
            (fresh, "", "POST"),
            (fresh, sign(b"another key", "changed", fresh), "POST"),
            (fresh, sign(KEY, "five", fresh), "POST"),  # made for another end
            (fresh, sign(KEY, "changed", sound), "POST"),
            (fresh, sign(KEY, "changed", fresh), "GET"),
            (early, sign(KEY, "changed", early), "POST"),
            (ahead, sign(KEY, "changed", ahead), "POST"),
            (b"x" * (1 << 19), "", "POST"),
        ):
            with contextlib.suppress(ConnectionError):
                status, answer, _ = await asyncio.to_thread(say, port, body, signature, method)
                assert (status, answer) == (403, b"")
        assert changes == [()]
        assert hook.refused == 9
        # Somebody who says nothing is nobody who was refused.
        socket.create_connection(("127.0.0.1", port)).close()
        await asyncio.to_thread(say, port, b"", "")
        assert hook.refused == 10


async def test_what_was_refused_is_trouble_for_an_hour(until: Any, running: Any) -> None:
    now = time.time()
    hook = Hook(("127.0.0.1", free_port()), KEY, lambda held: None, lambda: (), seconds=lambda: now)
    async with running(hook.run()):
        await until(lambda: hook.listening)
        assert not hook.trouble
        await asyncio.to_thread(say, hook._listen[1], b"", "")
        now += 3599
        await asyncio.to_thread(say, hook._listen[1], b"", "")
        assert "within the last hour: 2;" in hook.trouble
        now += 2
        assert "within the last hour: 1;" in hook.trouble
        now += 3600
        assert not hook.trouble


async def test_many_changes_are_one_sweep_and_none_waits_for_long() -> None:
    bell = Bell()
    flurry = Flurry(bell, quiet=0.05, longest=0.2)
    loop = asyncio.get_running_loop()
    pause = 1.0
    while pause >= 0.05:  # this process wasn't let run, and there was some quiet
        bell.event.clear()
        start, rung, pause = loop.time(), [], 0.0
        while loop.time() < start + 0.3:
            touched = loop.time()
            flurry.touch()
            await asyncio.sleep(0.01)
            if bell.event.is_set():
                rung.append(loop.time() - start)
                bell.event.clear()
            pause = max(pause, loop.time() - touched)
        await bell.wait(60)
    assert len(rung) == 1
    assert 0.15 < rung[0] < 0.3
