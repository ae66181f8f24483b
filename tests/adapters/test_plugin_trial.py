"""What the plugin tells of and whom it believes, tried by Mailman's own Python."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from cocmail.adapters.hook import Hook
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
