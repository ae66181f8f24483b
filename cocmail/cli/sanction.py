"""`cocmail sanction list`, `sanction show ID` and `sanction plan MEASURE ADDRESS…`.

Owns their JSON. A plan changes nothing.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cocmail.adapters.templates import Templates
from cocmail.cli import output
from cocmail.cli.opened import Opened, opened
from cocmail.core.case import Case
from cocmail.core.drift import Drift
from cocmail.core.errors import Permanent
from cocmail.core.people import Address, is_address
from cocmail.core.sanctions import Measure, Sanction, Scope
from cocmail.core.table import Line, Table

app = typer.Typer(help="Look at sanctions, and plan one.", no_args_is_help=True)


async def _all(work: Opened) -> list[dict[str, Any]]:
    notes = await work.store.notes()
    drift = json.loads(notes.get("enforcement") or "{}").get("drift_of", {})
    found: list[dict[str, Any]] = []
    for case_id in dict.fromkeys(row.case for row in await work.store.sanction_list()):
        case = await work.store.read_case(case_id)
        for sanction in case.sanctions.values() if case else ():
            assert case is not None
            found.append(_told(case, sanction, drift.get(sanction.id, 0)))
    return found


def _told(case: Case, sanction: Sanction, drift: int) -> dict[str, Any]:
    return {
        "id": sanction.id,
        "case": case.reference,
        "person": sanction.address,
        "addresses": list(sanction.addresses),
        "measure": sanction.measure.value,
        "scope": str(sanction.scope),
        "state": sanction.state.value,
        "from": sanction.start,
        "until": sanction.until,
        "lists": sorted(case.covered.get(sanction.id, ())),
        "drift": drift,
        "undone": _undone(case.drifts.get(sanction.id)),
        "reason": sanction.reason,
    }


def _undone(drift: Drift | None) -> dict[str, Any]:
    """What somebody changed, and was put right."""
    if drift is None:
        return {"times": 0, "last": None, "places": []}
    places = [
        {
            "site": p.line.site,
            "list": p.line.list,
            "address": p.line.address,
            "role": p.line.role,
            "times": p.times,
            "first": p.first,
            "last": p.last,
        }
        for p in drift.places
    ]
    return {"times": drift.times, "last": drift.last, "places": places}


_COLUMNS = ("id", "case", "person", "measure", "scope", "state", "from", "until", "drift")


@app.command("list")
async def list_sanctions() -> None:
    """All sanctions: proposed, in force, ended, lifted and rejected."""
    async with opened() as work:
        found = await _all(work)
    if output.call().json:
        output.say_json(found)
    else:
        output.table(_COLUMNS, [[s[name] for name in _COLUMNS] for s in found])


@app.command("show")
async def show(
    sanction: Annotated[str, typer.Argument(metavar="ID", help="As `sanction list` tells it.")],
) -> None:
    """One sanction."""
    async with opened() as work:
        found = next((s for s in await _all(work) if s["id"] == sanction.upper()), None)
    if found is None:
        raise Permanent("there is no sanction with this id; `cocmail sanction list` shows them")
    if output.call().json:
        output.say_json(found)
    else:
        output.table(("", ""), list({**found, "undone": _in_words(found["undone"])}.items()))


def _in_words(undone: dict[str, Any]) -> str:
    if not undone["times"]:
        return "never"
    return f"{undone['times']} times, last found {output.instant(undone['last'])}"


@app.command("plan")
async def plan(
    measure: Annotated[Measure, typer.Argument(help="warn, moderate, remove, suspend, ban, leave")],
    address: Annotated[list[str], typer.Argument(help="The person's addresses.")],
    on: Annotated[str, typer.Option(metavar="SCOPE", help="all, a group, or lists.")] = "all",
    including_roles: Annotated[
        bool, typer.Option("--including-roles", help="Roles of owner and moderator go too.")
    ] = False,
) -> None:
    """What a sanction would change. Changes nothing."""
    wrong = next((a for a in address if not is_address(a)), None)
    if wrong is not None:
        raise typer.BadParameter("one of the addresses is no mail address")
    from cocmail.cli.lists import enforcement  # its clients are not loaded to list or show

    async with opened() as work, enforcement(work) as lists:
        scope = _scope(work, on)
        planned = await lists.preview(
            measure, [Address(a) for a in address], scope, including_roles=including_roles
        )
    say_table(planned)


def _scope(work: Opened, text: str) -> Scope:
    names = [n for n in text.lower().replace(",", " ").split() if n]
    if names == ["all"]:
        return Scope()
    groups = tuple(n for n in names if n in work.settings.groups)
    lists = tuple(n for n in names if n not in groups)
    if not names or not all(is_address(n) for n in lists):
        raise typer.BadParameter("--on takes all, a group's name, or lists' addresses")
    return Scope(groups=groups, lists=lists)


def _every(site: str) -> str:
    if site == "postfix":
        return "all protected addresses"
    return f"all lists at {site}" if site else "all lists"


def say_table(table: Table) -> None:
    """The table of `sanction plan` and `enforce`: in words first, then place by place."""
    if output.call().json:
        output.say_json(_stable(table))
        return
    _, text = Templates().render("table-file", {"table": table})
    output.say(text.rstrip("\n"))
    if table.brief:
        output.say("")
        columns = ("list", "address", "role", "now", "then", "note")
        output.table(columns, [_cells(line) for line in table.lines])


def _cells(line: Line) -> list[str]:
    where = line.list or _every(line.site)
    return [where, line.address, line.role, line.now, line.then, line.note]


def _stable(table: Table) -> dict[str, Any]:
    """What programs rely on, docs/interface.md."""
    every = [
        {
            "site": line.site,
            "list": line.list,
            "address": line.address,
            "role": str(line.role),
            "now": str(line.now),
            "then": str(line.then),
            "note": line.note,
        }
        for line in table.lines
    ]
    return {
        "steps": [one for one, line in zip(every, table.lines, strict=True) if not line.left],
        "stays": [one for one, line in zip(every, table.lines, strict=True) if line.left],
        "warnings": list(table.warnings),
        "addresses": list(table.addresses),
        "counts": table.counts,
        "meets": [s.id for s in table.meets],
        "limits": list(table.limits),
    }
