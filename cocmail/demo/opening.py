"""The first acts: a report arrives, the committee talks, the reporter is asked.

Owns what is written, and what must hold then. Called by the story.
"""

import time
from dataclasses import dataclass

from cocmail.demo.cast import ALICE, BOB, CAROL, COMMITTEE, COMMUNITY, MALLORY, RAE
from cocmail.demo.narrator import Narrator
from cocmail.demo.post import Post, folded
from cocmail.demo.stage import Stage
from cocmail.lab.sink import Caught

CONFIDED = "He followed me from channel to channel and wrote to my employer"
REPORT = f"""\
Hello,

{CONFIDED}.
He is {MALLORY.name}, on several of your lists. I am afraid to post.

Rae
"""
ASIDE = "I know this pattern from another project. Let us look at the list archives."
QUESTION = "Thank you, Rae. When did this begin, and have you kept his messages?"
ANSWERED = "In March; and yes, every one of them."


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What later acts go on from."""

    copies: dict[str, Caught]
    reference: str
    pace: float


def act_report(stage: Stage, tell: Narrator) -> Opened:
    tell.chapter("A report arrives")
    tell.say(f"{RAE.name} writes to {COMMUNITY}: no account, no form.")
    post = Post(stage)
    began = time.monotonic()
    stage.post(RAE.write(COMMUNITY, "Please help", REPORT))
    receipt = post.to(RAE.address, "acknowledgement")
    addresses = [member.address for member in COMMITTEE]
    copies = dict(zip(addresses, post.each(addresses, "report"), strict=True))
    pace = time.monotonic() - began
    tell.quote(receipt.text, lines=8)
    tell.check("the reporter gets an acknowledgement", True)
    tell.check(
        "it quotes nothing of hers, and names nobody",
        not any(
            told in folded(receipt.data.decode(errors="replace"))
            for told in (folded(CONFIDED), MALLORY.name.lower())
        ),
    )
    automatic = receipt.header("Auto-Submitted")
    tell.check("it is marked as automatic", automatic.startswith("auto-"), found=automatic)
    tell.check(
        "each of the three members gets a copy with what she wrote",
        all(folded(CONFIDED) in folded(copy.text) for copy in copies.values()),
    )
    replies = [receipt.header("Reply-To"), *(copy.header("Reply-To") for copy in copies.values())]
    tell.check(
        "and everybody a reply address of their own",
        len(set(replies)) == 4,
        found=len(set(replies)),
    )
    references = {copy.header("Cocmail-Case") for copy in copies.values()}
    tell.check("the case has one reference for the committee", len(references) == 1)
    return Opened(copies=copies, reference=references.pop(), pace=pace)


def act_talk(stage: Stage, tell: Narrator, opened: Opened) -> None:
    tell.chapter("The committee talks, by replying")
    post = Post(stage)
    copy = opened.copies[ALICE.address]
    stage.post(ALICE.client.answer(copy.data, ASIDE))
    post.each((BOB.address, CAROL.address), "message", containing=ASIDE)
    tell.check(f"{ALICE.name}'s plain reply reaches the other members", True)
    stage.post(ALICE.client.answer(copy.data, f"/reply reporter\n{QUESTION}\n/end"))
    question = post.to(RAE.address, "message", containing=QUESTION)
    tell.check("text under /reply reporter reaches the reporter, without quotes", True)
    about = folded(question.data.decode(errors="replace"))
    tell.check(
        "it comes from the committee, and names no member",
        ALICE.address not in about and ALICE.name.lower() not in about,
    )
    tell.check(
        "the members' talk did not reach her",
        not any(folded(ASIDE) in folded(mail.text) for mail in post.so_far(RAE.address)),
    )
    stage.post(RAE.answer(question.data, ANSWERED))
    post.each([member.address for member in COMMITTEE], "message", containing=ANSWERED)
    cases = stage.daemon.ask("case", "list")
    tell.check("her answer joins the same case", len(cases) == 1, found=len(cases))
