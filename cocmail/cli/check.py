"""`cocmail check`: is all of it sound, and what is to be done where it isn't?

Owns the report. What is looked at is soundness's. Called by an operator, after every change.
"""

from __future__ import annotations

from typing import Annotated

import typer

from cocmail.cli import output
from cocmail.cli.soundness import Finding, Soundness, findings

_MARKS = {
    Soundness.SOUND: "ok     ",
    Soundness.WARNING: "warning",
    Soundness.UNTRIED: "-      ",
    Soundness.WRONG: "WRONG  ",
}


async def check(
    probe: Annotated[
        bool, typer.Option("--probe", help="Mail itself, to see that a plus-detail survives.")
    ] = False,
) -> None:
    """Try the configuration against the real servers; exit 1 where something isn't sound."""
    found: list[Finding] = []
    as_json = output.call().json
    async for finding in findings(output.settings(), probe=probe):
        found.append(finding)
        if not as_json:
            output.say(f"{_MARKS[finding.state]}  {finding.text}")
    wrong = sum(finding.state is Soundness.WRONG for finding in found)
    if as_json:
        lines = [{"state": one.state.value, "text": one.text} for one in found]
        output.say_json({"sound": not wrong, "checks": lines})
    elif wrong:
        output.say(f"\nNot sound: {wrong} of {len(found)} lines say what to mend.")
    else:
        output.say("\nSound.")
    if wrong:
        raise typer.Exit(1)
