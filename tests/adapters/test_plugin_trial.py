"""What the plugin tells of and whom it believes, tried by Mailman's own Python."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cocmail.adapters.hook import Hook, sign
from cocmail.core.people import Address
from cocmail.lab import community
from cocmail.lab.mailbox import deliver_by_lmtp
from cocmail.lab.mailman import Mailman, environment_folder
from cocmail.lab.sink import Sink
from cocmail.lab.waiting import free_port
from tests.adapters.test_mailman_plugin import KEY, PLUGIN, lines

TRIAL = Path(__file__).with_name("plugin_trial.py")


async def tried(what: str, folder: Path, *arguments: object) -> Any:
    process = await asyncio.create_subprocess_exec(
        environment_folder() / "bin" / "python",
        TRIAL,
        what,
        *map(str, arguments),
        cwd=folder,
        env={
            "HOME": str(folder),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(PLUGIN),
            "PYTHONDONTWRITEBYTECODE": "1",  # that folder is what is shipped
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, wrong = await process.communicate()
    assert process.returncode == 0, wrong.decode()
    return json.loads(said)


def configured(folder: Path, port: int) -> Path:
    """Of a Mailman that isn't started."""
    Mailman(folder, extra=lines(folder, port), modules=PLUGIN)
    return folder / "mailman.cfg"


@pytest.mark.servers
async def test_only_what_a_sweep_reads_is_told(tmp_path: Path) -> None:
    told = await tried("changes", tmp_path, configured(tmp_path, free_port()))
    assert [what for what, heard in told.items() if not heard] == [
        "a post is delivered",
        "a post bounces",
        "a warning",
        "bounces stop mail",
        "a digest",
        "a policy",
        "a domain's words",
        "a name",
        "a name of an address",
        "the same action again",
    ]


@pytest.mark.slow
async def test_a_post_in_a_whole_mailman_is_no_change(
    tmp_path: Path, until: Any, running: Any
) -> None:
    who, where, port = "amara@people.test", "a@lists.test", free_port()
    changes: list[object] = []
    hook = Hook(("127.0.0.1", port), KEY, changes.append, lambda: ())
    with Mailman(tmp_path) as mailman:  # without the plugin
        community.make_domain(mailman, "lists.test")
        community.make_list(mailman, where, default_member_action="accept")
        community.subscribe(mailman, where, who)
        members = mailman.api("GET", "members/find", subscriber=who)[1]["entries"]
        mailman.stop()
    with Sink() as sink:
        mailman = Mailman(
            tmp_path, full=True, sink_port=sink.port, extra=lines(tmp_path, port), modules=PLUGIN
        )
        async with running(hook.run()):
            await until(lambda: hook.listening)
            with mailman:
                post = f"From: {who}\r\nTo: {where}\r\nMessage-ID: <1@people.test>\r\n\r\nhello\r\n"
                await asyncio.to_thread(
                    deliver_by_lmtp, mailman.lmtp_port, post.encode(), recipient=where
                )
                await asyncio.to_thread(sink.wait_for, lambda one: one.is_for(who), 120)
                member = f"members/{members[0]['member_id']}"
                await asyncio.to_thread(mailman.api, "PATCH", member, moderation_action="hold")
                await until(lambda: changes)
                # As its processes end they tell what they haven't told.
                await asyncio.to_thread(mailman.stop)
    assert changes == [()]


class Stranger(Hook):
    """Sits on the daemon's port, and has what the daemon once said."""

    spoil: Callable[[bytes], bytes]

    def _answer(self, said: dict[str, Any]) -> bytes:
        return self.spoil(super()._answer(said))


def resigned(answer: bytes, signature: str) -> bytes:
    field = rb"(?<=X-Cocmail-Signature: )[0-9a-f]{64}"
    assert re.search(field, answer)
    return re.sub(field, signature.encode(), answer)


def as_it_is(answer: bytes) -> bytes:
    return answer


def unsigned(answer: bytes) -> bytes:
    return resigned(answer, "")


def signed_by_somebody(answer: bytes) -> bytes:
    return resigned(answer, "0" * 64)


def of_another_question(answer: bytes) -> bytes:
    return resigned(answer, sign(KEY, "its number", answer.partition(b"\r\n\r\n")[2]))


def altered(answer: bytes) -> bytes:
    assert b': ["' in answer
    return answer.replace(b': ["', b' :["')


@pytest.mark.parametrize(
    "spoil", [as_it_is, unsigned, signed_by_somebody, of_another_question, altered]
)
@pytest.mark.servers
async def test_whom_the_plugin_holds_only_the_daemon_says_and_only_now(
    spoil: Callable[[bytes], bytes], tmp_path: Path, until: Any, running: Any
) -> None:
    mal, where, port = "mal@people.test", "a@lists.test", free_port()
    hook = Stranger(("127.0.0.1", port), KEY, lambda held: None, lambda: {(Address(mal), where)})
    hook.spoil = spoil
    async with running(hook.run()):
        await until(lambda: hook.listening)
        found = await tried("answers", tmp_path, port, free_port(), KEY.decode(), mal, where)
    assert not hook.refused
    believed = spoil is as_it_is
    assert found == {"now": believed, "old": False, "again": believed, "away": False}


@pytest.mark.servers
async def test_the_plugin_tells_nobody_but_this_machine(tmp_path: Path) -> None:
    here = ["http://127.0.0.1:8026", "http://[::1]:8026", "http://localhost:8026"]
    elsewhere = [
        "http://192.0.2.1:8026",
        "http://example.org:8026",
        "http://127.0.0.1.example.org:8026",
        "http://127.0.0.1@192.0.2.1:8026",
        "http://0.0.0.0:8026",
        "https://127.0.0.1:8026",
        "127.0.0.1:8026",
    ]
    configuration = configured(tmp_path, free_port())
    said = await tried(
        "begins", tmp_path, configuration, tmp_path / "cocmail.cfg", *elsewhere, *here
    )
    assert [url for url, why in said.items() if not why] == here
    assert {said[url].partition(", like ")[0] for url in elsewhere} == {
        "url: should be on this machine"
    }
