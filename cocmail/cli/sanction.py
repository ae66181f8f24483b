"""`cocmail sanction list`, `sanction show ID` and `sanction plan MEASURE ADDRESS…`.

Owns their JSON. A plan changes nothing.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cocmail.cli import output
from cocmail.cli.opened import Opened, opened
from cocmail.core.case import Case
from cocmail.core.enforcement import Plan
from cocmail.core.errors import Permanent
from cocmail.core.people import Address, is_address
from cocmail.core.sanctions import Measure, Sanction, Scope

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
        "reason": sanction.reason,
    }


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
        output.table(("", ""), list(found.items()))


@app.command("plan")
async def plan(
    measure: Annotated[Measure, typer.Argument(help="warn, moderate, remove, suspend, ban, leave")],
    address: Annotated[list[str], typer.Argument(help="The person's addresses.")],
    on: Annotated[str, typer.Option(metavar="SCOPE", help="all, a group, or lists.")] = "all",
) -> None:
    """What a sanction would change. Changes nothing."""
    wrong = next((a for a in address if not is_address(a)), None)
    if wrong is not None:
        raise typer.BadParameter("one of the addresses is no mail address")
    from cocmail.cli.lists import enforcement  # its clients are not loaded to list or show

    async with opened() as work, enforcement(work) as lists:
        scope = _scope(work, on)
        planned = await lists.preview(measure, [Address(a) for a in address], scope)
    say_plan(planned)


def _scope(work: Opened, text: str) -> Scope:
    names = [n for n in text.lower().replace(",", " ").split() if n]
    if names == ["all"]:
        return Scope()
    groups = tuple(n for n in names if n in work.settings.mailman.groups)
    lists = tuple(n for n in names if n not in work.settings.mailman.groups)
    if not names or not all(is_address(n) for n in lists):
        raise typer.BadParameter("--on takes all, a group's name, or lists' addresses")
    return Scope(groups=groups, lists=lists)


def say_plan(plan: Plan) -> None:
    """A plan, in the one form of `sanction plan` and `enforce`."""
    steps = [
        {
            "list": s.list,
            "address": s.address,
            "role": s.role.value,
            "now": s.now.value,
            "then": s.then.value,
        }
        for s in plan.steps
    ]
    if output.call().json:
        output.say_json({"steps": steps, "warnings": list(plan.warnings)})
        return
    if steps:
        columns = ("list", "address", "role", "now", "then")
        rows = [[s["list"] or "all lists", *(s[c] for c in columns[1:])] for s in steps]
        output.table(columns, rows)
    else:
        output.say("Nothing differs: the lists are as they should be.")
    for warning in plan.warnings:
        output.say(f"Please note: {warning}")
