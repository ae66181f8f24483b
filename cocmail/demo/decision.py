"""The middle acts: a proposal, a forged approval, two true ones.

Owns the sanction's words, and what must hold until it is decided. Called by the story.
"""

from dataclasses import dataclass
from typing import Any

from cocmail.demo.cast import ALICE, BOB, CAROL, COMMITTEE, MALLORY, RAE
from cocmail.demo.narrator import Narrator, StoryBroke
from cocmail.demo.opening import Opened
from cocmail.demo.post import Post, folded
from cocmail.demo.stage import Stage
from cocmail.lab.community import snapshot
from cocmail.lab.sink import Caught

REASON = "you pursued a member of this community across its channels after being asked to stop"


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """What later acts go on from."""

    ballots: dict[str, Caught]
    sanction: str
    before: dict[str, Any]


def sanction_of(stage: Stage, number: str | None = None) -> dict[str, Any]:
    """The demo's only sanction, as `cocmail sanction list --json` has it."""
    found: list[dict[str, Any]] = stage.daemon.ask("sanction", "list")
    if len(found) != 1 or (number is not None and str(found[0]["id"]) != number):
        raise StoryBroke(f"there should be one sanction, but there are {len(found)}")
    return found[0]


def act_propose(stage: Stage, tell: Narrator, opened: Opened) -> Proposed:
    tell.chapter("A member proposes")
    # Long enough for what must be seen while it holds, on a slow machine too.
    seconds = min(60, round(20 + 4 * opened.pace))
    address = MALLORY.addresses[0]
    command = f"/sanction suspend {address} on all for {seconds}s because {REASON}"
    tell.say(f"{ALICE.name} answers her copy (in life for 90 days; here, so that you see it end):")
    tell.quote(command)
    before = snapshot(stage.mailman, MALLORY.addresses)
    post = Post(stage)
    stage.post(ALICE.client.answer(opened.copies[ALICE.address].data, command))
    addresses = [member.address for member in COMMITTEE]
    ballots = dict(zip(addresses, post.each(addresses, "ballot"), strict=True))
    tell.say(f"What {BOB.name} gets:")
    tell.quote(ballots[BOB.address].text, lines=24)
    tell.check("each member gets a ballot", True)
    replies = {ballot.header("Reply-To") for ballot in ballots.values()}
    others = {copy.header("Reply-To") for copy in opened.copies.values()}
    tell.check("each from an address of its own", len(replies) == 3 and not replies & others)
    tell.check(
        "it opens with the letter as the respondent would read it",
        all(folded(REASON) in folded(ballot.text) for ballot in ballots.values()),
    )
    tell.check(
        "it says what is at stake: he owns a list",
        all("own" in folded(ballot.text) for ballot in ballots.values()),
    )
    sanction = sanction_of(stage)
    state = sanction["state"]
    tell.check("nothing is done yet: it is proposed", state == "proposed", found=state)
    return Proposed(ballots=ballots, sanction=str(sanction["id"]), before=before)


def act_forgery(stage: Stage, tell: Narrator, proposed: Proposed) -> None:
    tell.chapter("Somebody forges an approval")
    tell.say(f"They stole {BOB.name}'s ballot address, and write in his name; not with his key.")
    post = Post(stage)
    stage.post(BOB.forger.answer(proposed.ballots[BOB.address].data, "/approve"))
    alert = post.to(BOB.address, "alert")
    tell.quote(alert.text, lines=6)
    tell.check(f"{BOB.name} hears of it", True)
    kept = stage.daemon.ask("quarantine", "list")
    tell.check("the forged mail is set aside for a human", len(kept) == 1, found=len(kept))
    state = sanction_of(stage, proposed.sanction)["state"]
    tell.check("and it changed nothing: still proposed", state == "proposed", found=state)
    tell.check(
        "nor did anything change on the lists",
        snapshot(stage.mailman, MALLORY.addresses) == proposed.before,
    )


def act_vote(stage: Stage, tell: Narrator, proposed: Proposed) -> Caught:
    """The letter that the respondent gets."""
    tell.chapter("Two members approve")
    post = Post(stage)
    stage.post(BOB.client.answer(proposed.ballots[BOB.address].data, "/approve"))
    post.to(ALICE.address, "message", containing=BOB.handle)
    state = sanction_of(stage, proposed.sanction)["state"]
    tell.check("one approval is not enough", state == "proposed", found=state)
    stage.post(CAROL.client.answer(proposed.ballots[CAROL.address].data, "/approve"))
    post.each([member.address for member in COMMITTEE], "decision")
    tell.check("the second decides, and every member is told", True)
    letter = post.to(MALLORY.addresses[0], "letter")
    tell.say("The respondent gets his letter:")
    tell.quote(letter.text, lines=16)
    tell.check("the letter says why", folded(REASON) in folded(letter.text))
    tell.check("it says how to appeal", "appeal" in folded(letter.text))
    whole = folded(letter.data.decode(errors="replace"))
    names = [RAE.address, RAE.name, *(member.address for member in COMMITTEE)]
    tell.check(
        "it betrays neither the reporter nor a member",
        not any(name.lower() in whole for name in names),
    )
    told = stage.letterbox.on_lists_when_told
    tell.check("it left before anything was changed on a list", told == 4, found=told)
    return letter
