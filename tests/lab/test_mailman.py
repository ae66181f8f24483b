"""Mailman starts, survives a kill, and a person's state can be read back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cocmail.lab import community
from cocmail.lab.mailbox import deliver_by_lmtp
from cocmail.lab.mailman import Mailman
from cocmail.lab.sink import Sink


@pytest.fixture(scope="module")
def mailman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailman]:
    with Mailman(tmp_path_factory.mktemp("mailman")) as started:
        community.make_domain(started)
        yield started


def test_it_comes_back_on_its_port_after_a_kill(mailman: Mailman) -> None:
    community.make_list(mailman, "kept@lists.example.org")
    url = mailman.url
    mailman.kill()
    with pytest.raises(OSError):
        mailman.api("GET", "lists")
    mailman.start()
    assert mailman.url == url
    assert "kept@lists.example.org" in community.lists(mailman)


def test_a_wrong_password_is_a_status_and_not_an_exception(mailman: Mailman) -> None:
    mailman.password = "wrong"
    try:
        assert mailman.api("GET", "lists")[0] == 401
    finally:
        del mailman.password


def test_the_snapshot_sees_what_a_return_must_restore(mailman: Mailman) -> None:
    where, who = "options@lists.example.org", "p@members.example.net"
    community.make_list(mailman, where)
    before = community.snapshot(mailman, [who])
    hidden = {"hide_address": "true"}
    community.subscribe(mailman, where, who, moderation_action="hold", preferences=hidden)
    joined = community.snapshot(mailman, [who])
    assert joined != before
    assert joined["memberships"][0]["moderation_action"] == "hold"
    community.unsubscribe(mailman, where, who)
    community.subscribe(mailman, where, who, moderation_action="hold")
    assert community.snapshot(mailman, [who]) != joined
    community.unsubscribe(mailman, where, who)
    community.subscribe(mailman, where, who, moderation_action="hold", preferences=hidden)
    assert community.snapshot(mailman, [who]) == joined


def test_the_demo_community_has_a_respondent_on_four_lists(tmp_path: Path) -> None:
    respondent = community.Respondent()
    with Mailman(tmp_path) as mailman:
        community.make_community(mailman, respondent)
        assert len(community.lists(mailman)) == 5
        found = community.snapshot(mailman, respondent.addresses)["memberships"]
    assert sorted(one["role"] for one in found) == ["member"] * 4 + ["owner"]


@pytest.mark.slow
def test_the_whole_mailman_delivers_a_post_to_the_sink(tmp_path: Path) -> None:
    with Sink() as sink, Mailman(tmp_path, full=True, sink_port=sink.port) as mailman:
        community.make_domain(mailman)
        community.make_list(mailman, "talk@lists.example.org", default_member_action="accept")
        community.subscribe(mailman, "talk@lists.example.org", "amara@members.example.net")
        post = (
            b"From: amara@members.example.net\r\nTo: talk@lists.example.org\r\n"
            b"Subject: hello\r\nMessage-ID: <1@members.example.net>\r\n\r\nhello\r\n"
        )
        deliver_by_lmtp(mailman.lmtp_port, post, recipient="talk@lists.example.org")
        caught = sink.wait_for(lambda one: one.is_for("amara@members.example.net"), 120)
    assert "hello" in caught.text
