"""`cocmail filters list` and `cocmail filters try FILE`.

Owns their JSON. A trial reads the mail, asks the filters and says what would follow as the daemon
does, with the same parts; it opens no store and changes nothing. Refuses to know what a filter
looks for.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cocmail import parts, servers
from cocmail.adapters.filters import Filters, load
from cocmail.cli import output
from cocmail.config import Settings
from cocmail.core.arrival import Arrived, Fate, arrived
from cocmail.core.errors import Permanent
from cocmail.core.filtering import Judgement, Once, Said, SetAside, Tag, Urgent, view
from cocmail.core.mail import Mail, Unreadable, recipients
from cocmail.core.threads import destination
from cocmail.core.wishes import wishes

app = typer.Typer(help="What looks at incoming mail first.", no_args_is_help=True)

With = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="FILE",
        help="A filter that isn't installed yet; it takes the place of one of its name.",
    ),
]


@app.command("list")
async def list_filters(also: With = None) -> None:
    """The filters in the order in which they are asked, with their digests."""
    found = load(output.settings().filters.directories, also or ())
    rows = [{"name": one.name, "digest": one.digest, "path": one.path} for one in found]
    if output.call().json:
        output.say_json(rows)
    else:
        output.table(("name", "sha256", "file"), [list(row.values()) for row in rows])


@app.command("try")
async def try_mail(
    mail: Annotated[
        Path, typer.Argument(metavar="FILE", help="A mail as it came (.eml); - for stdin.")
    ],
    also: With = None,
) -> None:
    """What each filter says of a mail, and what would follow. Changes nothing."""
    settings = output.settings()
    filters = Filters(load(settings.filters.directories, also or ()))
    raw = _bytes(mail, settings.limits.size + 1)
    workers = servers.workers(settings)
    try:
        read = await servers.reader(settings, workers).read(raw, None)
    finally:
        workers.close()
    said: tuple[Said, ...] = ()
    if isinstance(read, Unreadable):
        told = {"what": "unreadable", "why": read.why}
    else:
        try:
            judgement = await filters.judge(view(raw, read))
        finally:
            await filters.close()
        said = judgement.said
        told = _follows(settings, raw, read, judgement)
    if output.call().json:
        output.say_json({"filters": [_row(one) for one in said], "follows": told})
    else:
        output.table(("filter", "says", "why"), [[*_cells(one)] for one in said])
        output.say(_sentence(told))
    if any(one.broken for one in said):
        raise typer.Exit(1)


def _bytes(path: Path, most: int) -> bytes:
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(most)
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise Permanent(f"{path}: {error.strerror}; name a file with one mail") from error


def _follows(settings: Settings, raw: bytes, mail: Mail, judgement: Judgement) -> dict[str, Any]:
    """The daemon's own choice, as far as it can be made without the store."""
    ours = mail.sender is not None and parts.ours(settings)(mail.sender.address)
    what: Arrived = arrived(mail, judgement, settings.roster, ours=ours)
    where = destination(
        mail, recipients(raw), parts.community(settings), settings.community.delimiter
    )
    kept = where.kept or bool(wishes(mail.own).keeps)
    opens = what.fate is Fate.REPORT
    return {
        "what": what.fate.value,
        "why": what.why,
        "urgent": judgement.urgent if opens and not kept else "",
        "tags": list(judgement.tags) if opens else [],
        "once": judgement.once and opens and not kept,
        "kept": opens and kept,
        "reply_address": bool(where.tokens),
    }


def _row(one: Said) -> dict[str, Any]:
    says, why = _says(one)
    return {"name": one.name, "says": says, "why": why, "broken": one.broken}


def _cells(one: Said) -> tuple[str, str, str]:
    says, why = _says(one)
    return one.name, "BROKEN" if one.broken else says, why


def _says(one: Said) -> tuple[str, str]:
    match one.verdict:
        case SetAside(why=why):
            return "set-aside", one.fault or why
        case Urgent(why=why):
            return "urgent", why
        case Tag(word=word):
            return "tag", word
        case Once():
            return "once", ""
        case _:
            return "pass", ""


def _sentence(told: dict[str, Any]) -> str:
    match told["what"]:
        case "unreadable":
            text = f"It would be set aside unread, and the committee told: {told['why']}"
        case Fate.FILED:
            text = f"It would be kept and answered by nobody, as a machine's mail: {told['why']}"
        case Fate.REFUSED:
            text = f"It would be refused, and its author told what is right: {told['why']}"
        case Fate.SET_ASIDE:
            text = f"It would be set aside, no case opened, nobody answered: {told['why']}"
        case _:
            text = "It would open a case" + _marks(told)
    if told.get("reply_address"):
        text = (
            "It is for a reply address. If that is one of ours, it goes to its case, whatever the"
            f" filters say. If not: {text}"
        )
    return "\n" + text


def _marks(told: dict[str, Any]) -> str:
    if told["kept"]:
        return ", kept unread until somebody else reports the same person."
    marks = ["marked as urgent"] if told["urgent"] else []
    marks += [f"with the tag {word}" for word in told["tags"]]
    text = "".join(f", {one}" for one in marks) + "."
    if told["once"]:
        text += " If the same person sent it before, it would join that case instead."
    return text
