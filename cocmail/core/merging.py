"""Two cases become one: what the one that goes on is then.

Owns the union of two folded cases, and who is who in it. What was said, decided and promised in
either holds; who was kept out of either is kept out. Refuses to know whether they may be merged
(actions/joining). Called by case, when the ledger says so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cocmail.core import events as e
from cocmail.core.case import Branch, Case, Party


def places(case: Case, other: Case) -> dict[str, str]:
    """Which party of ``case`` each party of ``other`` is from then on: the same person in the
    same role is one party, and everybody else gets the next number."""
    found: dict[str, str] = {}
    taken = {role: len(case.of_role(role)) for role in {p.role for p in other.parties.values()}}
    for party in other.parties.values():
        same = next((p for p in case.of_role(party.role) if _shared(p, party)), None)
        if same is None:
            taken[party.role] += 1
        found[party.id] = same.id if same else f"{party.role}:{taken[party.role]}"
    return found


def _shared(one: Party, other: Party) -> bool:
    return bool({*one.addresses} & {*other.addresses})


def absorb(case: Case, other: Case, event: e.Absorbed) -> Case:
    """Both cases as one: the union of who is in it, who is kept out, and what happened."""
    moved = {**event.places, **{p: p for p in other.epochs if p.startswith("member:")}}
    moved |= {n.party: n.party for n in other.letters if n.party.startswith("member:")}

    def here(party: str) -> str:
        return moved.get(party, party)

    parties = dict(case.parties)
    for theirs in other.parties.values():
        known = parties.get(here(theirs.id), replace(theirs, id=here(theirs.id)))
        both = (known.addresses, theirs.addresses)
        if other.epoch(theirs.id) > case.epoch(known.id):
            both = both[::-1]  # a safe address that was named there counts here
        addresses = tuple(dict.fromkeys(a for one in both for a in one))
        silent = known.silent or theirs.silent
        parties[known.id] = replace(known, addresses=addresses, silent=silent)
    out = case.out | other.out
    epochs = dict(case.epochs)
    for handle in out - case.out:
        epochs[f"member:{handle}"] = case.epoch(f"member:{handle}") + 1
    letters = tuple(
        replace(n, party=here(n.party), origin=n.origin or other.id) for n in other.letters
    )
    branch = Branch(
        case=other.id,
        by=event.by,
        references=(other.reference, *(p.reference for p in other.parties.values())),
        places=moved,
        epochs={party: other.epoch(party) for party in moved},
        ours={
            mine: epochs.get(mine, 0)
            for mine in moved.values()
            if mine.removeprefix("member:") not in out
        },
        letters=tuple(n for n in other.letters if not n.origin),
        sanctions=frozenset(other.sanctions),
        came=frozenset(parties) - frozenset(case.parties),
    )
    earlier = {  # what had been merged into the other one before
        name: replace(
            b,
            places={there: here(then) for there, then in b.places.items()},
            came=frozenset(map(here, b.came)),
            ours={here(p): epochs.get(here(p), 0)
                  for p, epoch in b.ours.items()
                  if other.epoch(p) == epoch and p.removeprefix("member:") not in out},
        )
        for name, b in other.branches.items()
    }  # fmt: skip
    links = {**other.links, **case.links}
    first, shift = len(case.messages), len(case.asides)
    return replace(
        case,
        opened=min(filter(None, (case.opened, other.opened)), default=None),
        urgent=case.urgent or other.urgent,
        assigned=case.assigned or other.assigned,
        tags=tuple(dict.fromkeys((*case.tags, *other.tags))),
        acknowledge_by=_sooner(case.acknowledge_by, other.acknowledge_by),
        update_by=_sooner(case.update_by, other.update_by),
        escalate_by=_sooner(case.escalate_by, other.escalate_by),
        parties=parties,
        recused=case.recused | other.recused,
        named=(case.named | other.named) - case.recused - other.recused,
        included=frozenset(event.entitled) - out,
        left_out=tuple(dict.fromkeys((*case.left_out, *other.left_out))),
        appeals={
            **case.appeals,
            **{
                k: replace(a, opened=replace(a.opened, party=here(a.opened.party)))
                for k, a in other.appeals.items()
            },
        },
        agreed=case.agreed | other.agreed,
        over=case.over | other.over,
        guests={**case.guests, **other.guests},
        came=case.came | other.came,
        epochs=epochs,
        messages=(
            *case.messages,
            *(
                replace(
                    m,
                    received=replace(m.received, number=first + n, party=here(m.received.party)),
                )
                for n, m in enumerate(other.messages, start=1)
            ),
        ),
        came_in=case.came_in + other.came_in,
        unpassed=(*case.unpassed, *(first + n for n in other.unpassed)),
        asides=(
            *case.asides,
            *(
                replace(
                    a,
                    mail=replace(
                        a.mail,
                        number=shift + n,
                        party=here(a.mail.party),
                        stranger=here(a.mail.stranger),
                    ),
                )
                for n, a in enumerate(other.asides, start=1)
            ),
        ),
        proposals={**case.proposals, **other.proposals},
        sanctions={
            **case.sanctions,
            **{k: replace(s, case=case.id) for k, s in other.sanctions.items()},
        },
        covered={**case.covered, **other.covered},
        drifts={**case.drifts, **other.drifts},
        given_back={**case.given_back, **other.given_back},
        letters=(*case.letters, *letters),
        lost=case.lost | other.lost,
        said=(*case.said, *(replace(s, parties=tuple(map(here, s.parties))) for s in other.said)),
        withheld={
            **case.withheld,
            **{
                case.texts_withheld + n: replace(
                    w, number=case.texts_withheld + n, parties=tuple(map(here, w.parties))
                )
                for n, w in other.withheld.items()
            },
        },
        texts_withheld=case.texts_withheld + other.texts_withheld,
        marks=case.marks | other.marks,
        reminded={**other.reminded, **case.reminded},
        left_letters=case.left_letters | other.left_letters,
        links={k: v for k, v in links.items() if k not in (case.id, other.id)},
        branches={**case.branches, **earlier, other.id: branch},
        watches={**case.watches, **other.watches},
        asked={**case.asked, **other.asked},
        leads={
            **case.leads,
            **{
                len(case.leads) + n: replace(
                    x, found=replace(x.found, number=len(case.leads) + n)
                )
                for n, x in enumerate(other.leads.values(), start=1)
            },
        },
        extensions={**case.extensions, **other.extensions},
        separated={**case.separated, **other.separated},
        suggested=frozenset(
            (name, why)
            for name, why in case.suggested | other.suggested
            if name not in (case.id, other.id)
        ),
        split=case.split | {first + n for n in other.split},
        priors=(*case.priors, *other.priors),
    )  # fmt: skip


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (one, other)), default=None)
