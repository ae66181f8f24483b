"""A report that the same person sent before, word for word, joins the case that it opened.

Owns when two reports are one. Refuses to guess: both are signed by their sender's own domain, so
that nobody's report goes where somebody else wants it; both leave out the same members, so that
nobody reads what wasn't for them; nothing is attached to the second that the first didn't have.
Where one of these is missing, or two people say the same, it is a report by itself; in the first
case it bears a hint, for who may know of both. Called by loops/placing and by reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.casework.filing import receive
from cocmail.core.casework.incoming import Incoming
from cocmail.core.letters import Kind, usable_id
from cocmail.core.quoting import words_of
from cocmail.core.setting import Setting
from cocmail.core.showing import originals, showing
from cocmail.core.wishes import wishes
from cocmail.core.work import Result, Work

WITHIN = timedelta(days=7)
"""After that the same words tell of something that goes on."""


def sent_before(case: Case, setting: Setting, incoming: Incoming) -> e.Received | None:
    """The message of this case that the mail repeats; None where it doesn't, or may not join."""
    if incoming.proof != "signed" or case.provisional or case.kept:
        return None
    if incoming.destination.kept or wishes(incoming.own).keeps:
        return None
    if setting.roster.by_address(incoming.address) is not None:
        return None  # a member's plain mail is asked about first
    if {*incoming.destination.left_out} != {*case.left_out}:
        return None
    attached = {one.digest for one in incoming.mail.attachments}
    for first in _same_words(case, setting, incoming):
        if first.proof == "signed" and attached <= {*first.digests}:
            return first
    return None


def says_the_same(case: Case, setting: Setting, incoming: Incoming) -> bool:
    """Whether this case has a report in the same words from the same address, proved or not."""
    return any(_same_words(case, setting, incoming))


def _same_words(case: Case, setting: Setting, incoming: Incoming) -> Iterator[e.Received]:
    """The reports in this open case that say what the mail says."""
    mail = incoming.mail
    words = words_of(incoming.whole)
    if not words or mail.encrypted or mail.partly_encrypted or not incoming.address:
        return
    if not case.is_open or case.merged_into:
        return
    for message in case.messages:
        first = message.received
        if (
            first.sender == incoming.address
            and first.party.startswith("reporter:")
            and first.number not in case.split
            and setting.now - message.at <= WITHIN
            and words_of(first.subject) == words_of(mail.subject)
            and words_of(first.text) == words
        ):
            yield first


def again(case: Case, setting: Setting, incoming: Incoming, first: e.Received) -> Result:
    """It stands in the case as a message of its own, which can become a case. Members hear of it,
    and its sender once."""
    work = Work(case, setting)
    number = work.case.next_number()
    received = receive(
        work,
        incoming,
        first.party,
        note=f"It says the same as message {first.number}, word for word, so it opened no case;"
        f" /split {number} makes it one.",
    )
    party = work.case.parties[first.party]
    answered = [n for n in case.letters if (n.party, n.what) == (party.id, Kind.ACKNOWLEDGEMENT)]
    if len(answered) <= 1:
        values = {
            "asking": (),
            "everybody": False,
            "apart": False,
            "kept": False,
            "handles": [m.handle for m in setting.roster.members],
            "again": True,
        }
        answering = usable_id(incoming.mail.message_id)
        work.to_party(party, Kind.ACKNOWLEDGEMENT, "acknowledgement", values, answering=answering)
    values = {**showing(work, received), "party": party}
    along = originals(work, received)
    work.tell(Kind.MESSAGE, "from-outsider", values, originals=along)
    return work.result()
