"""What a reporter hears at the end.

Owns that each hears it once per case, in a mail of their own. Called by the actions (`/close`) and
by proofs.
"""

from __future__ import annotations

from cocmail.core.letters import Kind
from cocmail.core.work import Work


def tell_outcome(work: Work, template: str, values: dict[str, object]) -> None:
    """Each reporter hears the outcome once per case, in a mail of their own."""
    told = {n.party for n in (*work.case.letters, *work.notes) if n.what == Kind.OUTCOME}
    for party in work.case.of_role("reporter"):
        if party.id not in told:
            work.to_party(party, Kind.OUTCOME, template, values)
