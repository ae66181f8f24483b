"""The last acts: he is gone from every list, stays gone, and returns exactly as he was.

Owns what must hold on Mailman, always read back from Mailman. Called by the story.
"""

from datetime import UTC, datetime
from urllib.parse import quote

from cocmail.demo.cast import COMMITTEE, MALLORY, RAE
from cocmail.demo.decision import Proposed, sanction_of
from cocmail.demo.narrator import Narrator
from cocmail.demo.post import Post, folded
from cocmail.demo.stage import Stage
from cocmail.lab import community
from cocmail.lab.mailman import Mailman
from cocmail.lab.waiting import wait_until


def standing(mailman: Mailman) -> dict[str, str]:
    """For a reader: what the respondent is on each list."""
    found: dict[str, str] = {}
    rows = [row for address in MALLORY.addresses for row in community.memberships(mailman, address)]
    for mailing_list in community.lists(mailman):
        here = [row for row in rows if row["list_id"] == community.list_id(mailing_list)]
        words = []
        for row in sorted(here, key=lambda row: str(row["role"])):
            held = row.get("moderation_action") == "hold"
            digest = "digest" in str(row.get("delivery_mode"))
            options = [word for word, so in (("held", held), ("digests", digest)) if so]
            words.append(" ".join([str(row["role"]), *(f"({word})" for word in options)]))
        if any(community.is_banned(mailman, one, mailing_list) for one in MALLORY.addresses):
            words.append("banned")
        found[mailing_list] = ", ".join(words) or "–"
    return found


def is_out(mailman: Mailman) -> bool:
    """Off every list, and banned from every list, under both addresses."""
    return all(
        not community.memberships(mailman, address, role="member")
        and all(
            community.is_banned(mailman, address, mailing_list)
            for mailing_list in community.lists(mailman)
        )
        for address in MALLORY.addresses
    )


def act_removal(
    stage: Stage, tell: Narrator, proposed: Proposed, post: Post, before: dict[str, str]
) -> dict[str, str]:
    tell.chapter("Mailman obeys")
    wait_until(
        lambda: is_out(stage.mailman), timeout=60, every=0.25, what="the removal from every list"
    )
    during = standing(stage.mailman)
    tell.lists("The respondent on each list", {"before": before, "now": during})
    tell.check("both his addresses are off every list, and banned from every list", True)
    proofs = post.each([member.address for member in COMMITTEE], "proof")
    unnamed = [name for name in MALLORY.on if name not in proofs[0].text]
    tell.check("the committee gets a proof, list by list", not unnamed, found=unnamed)
    owner = [name for name in community.lists(stage.mailman) if "owner" in during[name]]
    tell.check(
        "a role that nobody decided on stays: he still owns his list, and the proof warns",
        owner == [community.full_name(MALLORY.owns)] and "own" in folded(proofs[0].text),
        found=owner,
    )
    outcome = post.to(RAE.address, "outcome")
    tell.check("the reporter hears the outcome", True)
    tell.quote(outcome.text, lines=6)
    sanction = sanction_of(stage, proposed.sanction)
    tell.check("the sanction is in force", sanction["state"] == "in-force", found=sanction)
    return during


def act_again(stage: Stage, tell: Narrator) -> None:
    tell.chapter("He tries to come back")
    address = MALLORY.addresses[1]
    status, _ = stage.mailman.api(
        "POST",
        "members",
        list_id=community.list_id(community.full_name("general")),
        subscriber=address,
        pre_verified=True,
        pre_confirmed=True,
        pre_approved=True,
    )
    tell.check("Mailman refuses to subscribe his second address", status == 400, found=status)
    found = community.memberships(stage.mailman, address, role="member")
    tell.check("and he is on no list", not found, found=len(found))


def act_drift(stage: Stage, tell: Narrator) -> None:
    tell.chapter("Somebody undoes it by hand")
    address, mailing_list = MALLORY.addresses[1], community.full_name("dev")

    def put_back() -> bool:
        lift_bans_by_hand(stage.mailman, address)
        try:
            community.subscribe(stage.mailman, mailing_list, address)
        except community.Refused:  # a sweep came between
            return False
        return True

    wait_until(put_back, timeout=60, what="an owner to undo it")
    tell.say(f"An owner has taken away the ban and put him back on {mailing_list}.")
    wait_until(
        lambda: is_out(stage.mailman), timeout=60, every=0.25, what="the sweep to put it right"
    )
    tell.check("the next sweep puts it right, asked by nobody", True)


def lift_bans_by_hand(mailman: Mailman, address: str) -> None:
    places = ["bans"]
    for mailing_list in community.lists(mailman):
        places.append(f"lists/{community.list_id(mailing_list)}/bans")
    for place in places:
        mailman.api("DELETE", f"{place}/{quote(address)}")


def act_return(
    stage: Stage,
    tell: Narrator,
    proposed: Proposed,
    before: dict[str, str],
    during: dict[str, str],
) -> None:
    tell.chapter("The sanction ends")
    until = datetime.fromisoformat(str(sanction_of(stage, proposed.sanction)["until"]))
    left = max(0.0, (until - datetime.now(UTC)).total_seconds())
    tell.say(f"In {left:.0f} seconds.")
    state = ""

    def ended() -> bool:
        nonlocal state
        state = str(sanction_of(stage, proposed.sanction)["state"])
        return state == "ended"

    def is_back() -> bool:
        return community.snapshot(stage.mailman, MALLORY.addresses) == proposed.before

    # Mailman first: asking it is cheap, and asking the command line is not.
    try:
        wait_until(is_back, timeout=left + 60, every=0.25, what="the exact return")
    finally:
        after = standing(stage.mailman)
        columns = {"before": before, "meanwhile": during, "after": after}
        tell.lists("The respondent on each list", columns)
    tell.check("he is back on his four lists, with every option as it was", True)
    wait_until(ended, timeout=60, every=0.5, what="the end of the sanction")
    tell.check("the sanction has ended", state == "ended", found=state)
