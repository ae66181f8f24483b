"""What must hold of what people write, whatever it is: commands, addresses, and what our mail
server says it has checked."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from email.headerregistry import HeaderRegistry
from email.utils import getaddresses

from cocmail.adapters.authentication_results import parse as parse_results
from cocmail.adapters.authentication_results import trusted
from cocmail.core.commands import COMMANDS, Command, Parsed, parse
from cocmail.core.headers import addresses as addresses_of
from cocmail.core.headers import one_mailbox, split
from cocmail.core.letters import clean
from cocmail.core.names import named_in_text, plain
from cocmail.core.people import Address, Handle, Mailbox, Member, Private, Roster, is_address
from cocmail.core.quoting import attribution, header_block, own_text, signature
from cocmail.core.spelling import remark, spelled
from cocmail.core.wishes import wishes

ALICE = Address("alice@alice.example")
ROSTER = Roster(
    members=(
        Member(handle=Handle("alice"), name=Private("Alice Quillfeather"), addresses=(ALICE,)),
        Member(
            handle=Handle("bob"),
            name=Private("Béla Øre"),
            addresses=(Address("bob@bob.example"), Address("bela.ore@work.example")),
        ),
    )
)
MX = "mx.example.org"
_REGISTRY = HeaderRegistry()
# What it raises for an odd value (mail.md, section 6), and says no more than that.
_FALLS = (AttributeError, IndexError, LookupError, RecursionError, ValueError, TypeError)


def commands(data: bytes) -> None:
    """A text is commands, or it is said what is wrong with it; quotes and line ends change
    nothing."""
    text = data.decode("utf-8", "replace").replace("\r", "")
    found = parse(text)
    if found.problem is not None:
        assert not found.commands
        assert not found.rest
        assert found.problem.why
    quoted = "".join(f"> {line}\n" for line in text.split("\n"))
    assert _said(parse(quoted)) == ((), None), "somebody else's words ran"
    if not own_text(text).quotes:
        below = parse(f"{text}\n\n{quoted}")
        assert below.commands == found.commands
        assert _said(below) == _said(found)
    for one in found.commands:
        assert one.word in COMMANDS
        if not COMMANDS[one.word].text:
            assert parse(one.line).commands == (one,), "shown as it runs"
    if found.commands and not any(COMMANDS[one.word].text for one in found.commands):
        assert _said(parse(_wrapped(text))) == _said(found), "a mail client's wrapping counts"
    wishes(clean(text))
    for looks_at in (header_block, attribution, signature):
        looks_at(text)


def _said(parsed: Parsed) -> tuple[tuple[Command, ...], str | None]:
    """What would run, without how it was written."""
    ran = tuple(replace(one, line=Private("")) for one in parsed.commands)
    return ran, parsed.problem.why if parsed.problem else None


def _wrapped(text: str) -> str:
    """As a mail client wraps it that knows where not to: before what would be a command, a quote
    or the end of a paragraph."""
    return re.sub(r"(?<=[^\s>]) (?=[^\s/>])", "\n", text, count=3)


def addresses(data: bytes) -> None:
    """Two readers see one sender; and who is on the committee is found however it is written."""
    text = data.decode("utf-8", "replace")
    for name in (text, text.strip()):
        assert Address(Address(name)) == Address(name)
        if is_address(name):
            where = Address(name)
            assert is_address(where)
            assert is_address(where.untagged)
            assert where.untagged.untagged == where.untagged
            assert where.is_among([where.untagged])
            assert f"{where.local}@{where.domain}" == where
    box, why = one_mailbox(text)
    assert (box is None) == bool(why)
    if box is not None:
        _one(box)
        assert addresses_of([text]) == (box.address,), "whom it is sent on to is another"
        if not box.doubtful:
            _as_python_reads_it(text, box)
    for one in addresses_of([text]):
        assert is_address(one)
        letters = iter(text.lower())
        assert all(letter in letters for letter in one), "made up"
    assert plain(plain(text)) == plain(text)
    for member in ROSTER.members:
        for where in member.addresses:
            assert member.handle in named_in_text(f"{text} {where} {text}", ROSTER)
        assert member.handle in named_in_text(f"x {member.name}, {text}", ROSTER)
    assert spelled(spelled(text)) == spelled(text)


def _as_python_reads_it(text: str, box: Mailbox) -> None:
    """Another reader, and a lenient one, that find one address find this one."""
    with contextlib.suppress(*_FALLS):
        field = _REGISTRY("From", text)
        found = [one.addr_spec.lower() for one in field.addresses]
        assert len(found) != 1 or field.defects or found == [box.address], "headerregistry"
    found = [where.strip().lower() for _, where in getaddresses([text]) if where]
    found = [re.sub(r'^"([^"\\\s]+)"(?=@)', r"\1", where) for where in found]  # says the same
    assert len(found) != 1 or found == [box.address], "email.utils"


def _one(box: Mailbox) -> None:
    again, _ = one_mailbox(box.address)
    assert again is not None
    assert again.address == box.address
    assert len(box.name.splitlines()) <= 1
    remark(box, ROSTER)
    whose = ROSTER.whose(box.address)
    assert whose is None or box.address.untagged in whose.addresses


def results(data: bytes) -> None:
    """What a server found is read as it says it, and nothing that it quotes is."""
    text = data.decode("utf-8", "replace")
    found = parse_results(text)
    if found is not None:
        assert found.authserv_id
        for one in found.results:
            assert one.method
            assert one.result
            assert len(one.properties) < max(2, len(text))
            assert one.method == one.method.lower()
    inside = re.sub(r"([\\()])", r"\\\1", " ".join(text.split()))
    assert _pass(f"{MX} (checked {inside}); dkim=pass header.d=a.example"), "a comment counts"
    inside = re.sub(r'([\\"])', r"\\\1", " ".join(text.split())).replace(" =", "=")
    said = parse_results(f'{MX}; dkim=fail reason="{inside}" header.d=a.example; spf=none')
    assert said is None or [(one.method, one.result) for one in said.results] == [
        ("dkim", "fail"),
        ("spf", "none"),
    ], "a quotation counts"
    _topmost(data)


def _pass(value: str) -> bool:
    said = parse_results(value)
    return said is None or [(one.method, one.result) for one in said.results] == [("dkim", "pass")]


def _topmost(data: bytes) -> None:
    """Only the first field of its name counts, and none below what a sender writes."""
    mine = f"Authentication-Results: {MX}; dkim=pass header.d=a.example\n".encode()
    for above in (b"Authentication-Results: other.example; none\n", b"From: a@b.example\n"):
        assert trusted(split(above + data), {MX}) == ()
        assert trusted(split(above + mine + data), {MX}) == ()
    header = split(data)
    if trusted(header, {MX}):
        first = next(one for one in header.fields if one.name == "authentication-results")
        assert MX in first.unfolded.lower()
        above = [one.name for one in header.fields if one.start < first.start]
        assert not {"from", "subject", "dkim-signature", "to"} & {*above}
    assert trusted(header, ()) == ()
