"""Who gets which language, and that the letter which was voted on is the letter that leaves."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Mapping
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from cocmail.adapters.templates import Templates
from cocmail.core.case import Case
from cocmail.core.letters import Letter
from cocmail.core.people import Member, Roster
from cocmail.core.sanctions import Measure
from cocmail.core.setting import Setting
from cocmail.core.verification import Signature
from cocmail.templates import languages
from tests.promises import kit

GERMAN = "Content-Language: de-DE\r\n"
ENDS = {
    Measure.WARN: "", Measure.REMOVE: "", Measure.BAN: "",
    Measure.MODERATE: "for 90 days ", Measure.SUSPEND: "until 2027-03-31 ",
    Measure.LEAVE: "permanently ",
}  # fmt: skip


class World(kit.World):
    """The kit's world, in more than one language."""

    templates = Templates()
    speaks: Mapping[str, str] = MappingProxyType({})

    def setting(self) -> Setting:
        plain: Setting = super().setting()
        members: list[Member] = [
            replace(m, language=self.speaks.get(m.handle, "")) for m in plain.roster.members
        ]
        return replace(
            plain,
            roster=Roster(members=tuple(members)),
            render=self.templates.render,
            language=self.templates.language,
            languages=self.templates.languages,
        )


def body(letter: Letter) -> str:
    """What a mail client shows: soft breaks and stuffing undone."""
    parsed = email.message_from_bytes(letter.message, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return " ".join(str(parsed.get_content()).split())


def is_german(letter: Letter) -> bool:
    said = body(letter)
    assert ("Komitee" in said or "Fall" in said) is not ("committee" in said or "case" in said)
    return "Komitee" in said or "Fall" in said


def world(**more: Any) -> World:
    made = World()
    for name, value in more.items():
        setattr(made, name, value)
    return made


# -- outsiders ------------------------------------------------------------------------------------


def test_a_reporter_is_answered_in_the_language_of_their_mail() -> None:
    w = world()
    mail = w.mail(kit.REPORTER, kit.COMMUNITY, kit.CONFIDED, header=GERMAN)
    w.take(kit.casework.report(w.case, w.setting(), w.incoming(mail)))
    assert w.case.parties["reporter:1"].language == "de"
    assert is_german(w.to("reporter:1", "acknowledgement")[0])
    assert not is_german(w.to("member:alice", "report")[0])
    w.say("alice", "/reply reporter\nWir kümmern uns.\n/end")
    assert "Ihre Antwort auf diese Mail" in body(w.to("reporter:1", "message")[0])
    w.say("alice", "/close resolved")
    assert is_german(w.to("reporter:1", "outcome")[0])


@pytest.mark.parametrize("header", ["", "Content-Language: fr\r\n", "Content-Language: ../de\r\n"])
def test_who_asks_for_none_of_ours_gets_the_community_s(header: str) -> None:
    for language in languages():
        w = world(templates=Templates(language))
        mail = w.mail(kit.REPORTER, kit.COMMUNITY, kit.CONFIDED, header=header)
        w.take(kit.casework.report(w.case, w.setting(), w.incoming(mail)))
        assert w.case.parties["reporter:1"].language == ""
        assert is_german(w.to("reporter:1")[0]) is (language == "de")


def test_a_language_that_is_gone_gives_way_to_the_community_s(tmp_path: Path) -> None:
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr/acknowledgement.txt").write_text("Subject: Merci\n\nMerci")
    w = world(templates=Templates("de", tmp_path))
    mail = w.mail(kit.REPORTER, kit.COMMUNITY, "x", header="Content-Language: fr\r\n")
    w.take(kit.casework.report(w.case, w.setting(), w.incoming(mail)))
    assert body(w.to("reporter:1")[0]) == "Merci"
    w.templates = Templates("de")
    w.say("alice", "/reply reporter\nBonjour.\n/end")
    assert "Ihre Antwort auf diese Mail" in body(w.to("reporter:1", "message")[0])


# -- members --------------------------------------------------------------------------------------


def test_each_member_has_their_own_language() -> None:
    w = world(speaks={"bob": "de"})
    w.report()
    proposal = w.propose()
    w.vote(proposal, "alice", "bob")
    for kind in ("report", "decision"):
        first, second = (w.to(f"member:{handle}", kind)[0] for handle in ("alice", "bob"))
        assert not is_german(first)
        assert is_german(second)
    ballots = [body(w.to(f"member:{h}", "ballot")[0]) for h in ("alice", "bob")]
    letters = [one.split("=" * 40)[1] for one in ballots]
    assert letters[0] == letters[1], "the letter has its own language, not the reader's"
    assert "Ausschluss auf Zeit für" in ballots[1]
    assert "Dauer: 90 Tage" in ballots[1]


# -- the letter -----------------------------------------------------------------------------------


def voted_on(w: World) -> str:
    return body(w.to("member:alice", "ballot")[-1]).split("=" * 40)[1].strip()


def left(w: World) -> str:
    return body(w.to("respondent:1", "letter")[-1])


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("measure", Measure)
@pytest.mark.parametrize("own", [False, True], ids=["ours", "theirs"])
def test_what_leaves_is_what_was_voted_on(
    measure: Measure, language: str, own: bool, tmp_path: Path
) -> None:
    """Word by word, in each language, for each measure, with a template of theirs too."""
    folder = tmp_path / language
    folder.mkdir()
    name = f"letter-{measure}.txt" if measure in (Measure.BAN, Measure.WARN) else "letter.txt"
    (folder / name).write_text(
        "Subject: [{{ reference }}] x\n\n{{ measure | measure }}, {{ scope | scope }},"
        " {{ (seconds or 0) | span if seconds else until }}: {{ reason }}\n\n\n\n/approve or not\n"
    )
    w = world(templates=Templates(language, tmp_path if own else None))
    w.report()
    proposal = w.propose(f"/sanction {measure} {kit.MALLORY} {ENDS[measure]}because you   went on")
    w.later(days=1)
    w.vote(proposal, "alice", "bob")
    assert left(w) == voted_on(w)
    assert left(w)
    assert ("Das Komitee" in left(w)) is (language == "de" and not own)


def test_the_respondent_s_own_mail_tells_the_letter_s_language() -> None:
    w = world()
    w.report()
    w.say("alice", f"/respondent {kit.MALLORY}")
    w.say("alice", "/reply respondent\nPlease tell us your side.\n/end")
    w.write("respondent:1", "Das war ein Scherz.", header=GERMAN)
    proposal = w.propose()
    w.vote(proposal, "alice", "bob")
    assert is_german(w.to("respondent:1", "letter")[0])
    assert left(w) == voted_on(w)


def test_a_mail_in_between_doesn_t_change_what_was_voted_on() -> None:
    w = world()
    w.report()
    w.say("alice", f"/respondent {kit.MALLORY}")
    proposal = w.propose()
    w.write("respondent:1", "Das war ein Scherz.", header=GERMAN)
    w.vote(proposal, "alice", "bob")
    assert not is_german(w.to("respondent:1", "letter")[0])
    assert left(w) == voted_on(w)
    w.say("alice", "/reply respondent\nGuten Tag.\n/end")
    assert "Ihre Antwort auf diese Mail" in body(w.to("respondent:1", "message")[-1])


def test_a_mail_that_only_bears_their_address_changes_nothing() -> None:
    w = world()
    mail = w.mail(kit.MALLORY, kit.COMMUNITY, "Ich bin es.", header=GERMAN)
    forged = w.incoming(mail, signature=Signature.MISSING)
    w.take(kit.casework.report(w.case, w.setting(), forged))
    proposal = w.propose()
    w.vote(proposal, "alice", "bob")
    assert not is_german(w.to("respondent:1", "letter")[0])


@pytest.mark.parametrize("language", languages())
def test_a_lift_s_letter_is_the_one_that_was_voted_on(language: str) -> None:
    w = world(templates=Templates(language))
    w.report()
    w.vote(w.propose(), "alice", "bob")
    (sanction,) = w.case.sanctions
    w.say("alice", f"/lift {sanction} because it is enough")
    lift = w.case.open_proposals[-1].id
    w.vote(lift, "alice", "bob", "carol")
    assert left(w) == voted_on(w)
    assert is_german(w.to("respondent:1", "letter")[-1]) is (language == "de")


def test_no_template_to_the_outside_can_reach_the_case() -> None:
    """Who reported stands in it."""
    seen: dict[str, set[str]] = {}

    class Watching(World):
        def setting(self) -> Setting:
            plain = super().setting()

            def render(name: str, values: Any, language: str = "") -> tuple[str, str]:
                if "party" in values and "member" not in values:
                    seen.setdefault(name, set()).update(
                        key for key, value in values.items() if isinstance(value, Case)
                    )
                return plain.render(name, values, language)

            return replace(plain, render=render)

    w = Watching()
    w.report()
    w.say("alice", "/reply reporter\nThank you.\n/end")
    w.vote(w.propose(), "alice", "bob")
    w.say("alice", "/close sanctioned")
    assert set(seen) == {"acknowledgement", "to-outsider", "letter", "outcome-closed"}
    assert not any(seen.values())
