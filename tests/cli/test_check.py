"""`cocmail check` against real servers: what is sound is said, and so is what to mend."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from cocmail import parts
from cocmail.adapters import roundtrip
from cocmail.adapters.signing_key import probe
from cocmail.cli import main
from cocmail.config import load
from cocmail.core import events as e
from cocmail.core.people import Address, Private
from cocmail.core.sanctions import Measure
from cocmail.lab.dns import Dns, Mode
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.mailman import Mailman
from cocmail.lab.postfix import Postfix
from cocmail.lab.sink import Sink

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dovecot, Mailman, Sink]]:
    room = tmp_path_factory.mktemp("check")
    with (
        Dovecot(room / "dovecot") as dovecot,
        Mailman(room / "mailman") as mailman,
        Sink() as sink,
    ):
        yield dovecot, mailman, sink


@pytest.fixture
def toml(tmp_path: Path, servers: tuple[Dovecot, Mailman, Sink]) -> Path:
    dovecot, mailman, sink = servers
    assert main(["init", str(tmp_path)]) == 0
    path = tmp_path / "cocmail.toml"
    (tmp_path / "imap.password").write_text(dovecot.password)
    (tmp_path / "mailman.password").write_text(mailman.password)
    text = path.read_text()
    for old, new in (
        ("port = 993", f"port = {dovecot.imap_port}"),
        ('security = "tls"', 'security = "none"'),
        ("port = 587", f"port = {sink.port}"),
        ('security = "starttls"', 'security = "none"'),
        ("http://127.0.0.1:8001/3.1", mailman.url),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    return path


def check(
    toml: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, dict[str, list[str]]]:
    capsys.readouterr()
    status = main(["check", "--config", str(toml), "--json", *more])
    report = json.loads(capsys.readouterr().out)
    assert report["sound"] is (status == 0)
    found: dict[str, list[str]] = {}
    for one in report["checks"]:
        found.setdefault(one["state"], []).append(one["text"])
    return status, found


def test_all_sound(toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = check(toml, capsys)
    assert status == 0, found
    said = "\n".join(found["sound"])
    for words in (
        "key file",
        "store",
        "IMAP: logged in",
        "submission: connected",
        "Mailman",
        "filter 10-",
        "sha256",
    ):
        assert words in said
    assert any("escalate_to: empty" in line for line in found["warning"])
    assert any("plus-addressing: not tried" in line for line in found["not tried"])
    assert main(["check", "--config", str(toml)]) == 0
    assert capsys.readouterr().out.rstrip().endswith("Sound.")


def test_letters_of_their_own_are_tried(toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml.write_text(toml.read_text().replace('#templates = "letters"', 'templates = "letters"'))
    own = toml.parent / "letters/fr"
    own.mkdir(parents=True)
    (own / "letter.txt").write_text("Subject: [{{ reference }}] Une lettre\n\n{{ reason }}\n")
    status, found = check(toml, capsys)
    assert status == 0, found
    assert any("letters: in de, en, fr; 1 of your own" in line for line in found["sound"])
    assert any("letters in fr:" in line and "ballot" in line for line in found["warning"])
    (own / "letter.txt").write_text("Subject: {{ address }}\n\n{% if %}\n")
    status, found = check(toml, capsys)
    assert status == 1
    assert any(line.startswith(f"{own}/letter.txt:3: ") for line in found["not sound"])


def test_the_store_once_it_is_there(toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--config", str(toml)]) == 0
    status, found = check(toml, capsys)
    assert status == 0
    assert any("this version's schema" in line for line in found["sound"])
    (toml.parent / "cocmail.key").unlink()
    assert main(["init", str(toml.parent)]) == 0
    status, found = check(toml, capsys)
    assert status == 1
    assert any("not the key of the store" in line for line in found["not sound"])


async def in_force_on(toml: Path, group: str) -> None:
    """An interim measure, as a member orders it."""
    settings = load(toml)
    store = await parts.store(settings, parts.keys_of(settings), parts.SystemClock())
    ordered = e.Ordered(
        sanction="S1",
        by="alice",
        because=Private("because"),
        measure=Measure.MODERATE,
        address=Address("mal@example.net"),
        addresses=(Address("mal@example.net"),),
        groups=(group,),
        lists=(),
        until=parts.SystemClock().now() + timedelta(days=3),
        letter="l1",
    )
    try:
        async with store.transaction() as tx:
            await tx.open_case("c1")
            opened = e.CaseOpened(reference="COC-AAAAAA", acknowledge_by=None, update_by=None)
            await tx.record("c1", [opened, ordered])
    finally:
        await store.close()


def test_a_group_that_a_sanction_is_on_and_nobody_knows(
    toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate", "--config", str(toml)]) == 0
    asyncio.run(in_force_on(toml, "sigs"))
    status, found = check(toml, capsys)
    assert status == 1
    assert any(line.startswith("sigs is not in [mailman.groups]") for line in found["not sound"])


def test_each_wrong_thing_is_one_line_and_hides_no_other(
    toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (toml.parent / "imap.password").write_text("wrong\n")
    (toml.parent / "mailman.password").write_text("wrong\n")
    (toml.parent / "cocmail.key").chmod(0o644)
    (toml.parent / "filters.d" / "10-spam-flagged.py").write_text("def (")
    status, found = check(toml, capsys)
    assert status == 1
    wrong = "\n".join(found["not sound"])
    for words in ("[imap]", "[mailman]", "key_file", "10-spam-flagged"):
        assert words in wrong, wrong


def test_a_list_that_mailman_has_not(toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml.write_text(toml.read_text().replace("#sig-node = [", "sig-node = [", 1))
    _, found = check(toml, capsys)
    assert any("sig-node: Mailman has no list" in line for line in found["not sound"])


def test_what_postfix_asks_and_what_it_can_t_protect(
    toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Postfix itself: tests/adapters/test_postfix.py."""
    folder, text = toml.parent, toml.read_text()
    more = text.replace("#hook = ", "hook = ").replace("#hook_key_file", "hook_key_file")
    toml.write_text(more + '[postfix]\naddresses = ["info@example.org"]\nserver = "127.0.0.1:1"\n')
    (folder / "hook.key").touch(mode=0o600)
    (folder / "hook.key").write_text("k" * 31)
    status, found = check(toml, capsys)
    assert status == 1
    assert any("hook_key_file: should hold 32" in line for line in found["not sound"])
    assert any("there is no table yet" in line for line in found["sound"])
    (folder / "hook.key").write_text("k" * 32)
    (folder / "postfix.table").write_text("")
    _, found = check(toml, capsys)
    assert any("tells us at 127.0.0.1:8026" in line for line in found["sound"])
    assert [line for line in found["not sound"] if "[postfix]" in line] == [
        "[postfix] server: no answer to SMTP (Connection refused)"
    ]


def test_a_closed_port(toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml.write_text(re.sub(r"http://127.0.0.1:\d+", "http://127.0.0.1:1", toml.read_text()))
    status, found = check(toml, capsys)
    assert status == 1
    assert any("can't be reached" in line for line in found["not sound"])


@pytest.mark.slow
def test_a_probe_sees_a_detail_come_through_and_takes_its_mails_away(
    toml: Path,
    servers: tuple[Dovecot, Mailman, Sink],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dovecot, _, sink = servers
    dovecot.mailbox().append(b"Subject: a report\r\n\r\nuntouched\r\n")
    with Postfix(tmp_path / "mx", lmtp=f"inet:127.0.0.1:{dovecot.lmtp_port}") as postfix:
        toml.write_text(toml.read_text().replace(f"port = {sink.port}", f"port = {postfix.port}"))
        status, found = check(toml, capsys, "--probe")
    assert status == 0, found
    for place in ("To", "Bcc"):
        assert f"plus-addressing: a detail in {place} survives" in found["sound"]
    (left,) = dovecot.mailbox().messages()
    assert b"a report" in left


def test_a_probe_that_comes_nowhere_says_what_to_mend() -> None:
    for kind, place in (("to", "To"), ("bcc", "Bcc")):
        assert roundtrip._said(kind, None, 60)[0] is False
        sound, line = roundtrip._said(kind, False, 60)
        assert not sound
        assert f"a detail in {place} arrives, but nothing says which" in line


# -- our DKIM key and DNS ----------------------------------------------------------------------


def pem(key: RSAPrivateKey | Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


async def look(dns: Dns, text: str) -> list[tuple[bool, str]]:
    return await probe(pem=text, selector="s", domain="example.org", nameservers=[dns.address])


async def test_our_key_and_dns() -> None:
    rsa = generate_private_key(public_exponent=65537, key_size=2048)
    spki = base64.b64encode(
        rsa.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()
    edward = Ed25519PrivateKey.generate()
    raw = base64.b64encode(
        edward.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    ).decode()
    name = "s._domainkey.example.org"
    with Dns() as dns:
        dns.publish(name, f"v=DKIM1; k=rsa; p={spki}")
        assert await look(dns, pem(rsa)) == [(True, f"DKIM: the key at {name} is ours")]
        assert "isn't the key" in (await look(dns, pem(edward)))[0][1]
        dns.publish(name, f"v=DKIM1; k=ed25519; p={raw}")
        assert (await look(dns, pem(edward)))[0][0]
        dns.publish(name, f"v=DKIM1; k=rsa; t=y; p={spki}")
        assert "t=y" in (await look(dns, pem(rsa)))[0][1]
        dns.withdraw(name)
        assert "no key" in (await look(dns, pem(rsa)))[0][1]
        dns.mode = Mode.SERVFAIL
        assert "doesn't answer" in (await look(dns, pem(rsa)))[0][1]
    weak = generate_private_key(public_exponent=65537, key_size=1024)
    assert "too few" in (await look(dns, pem(weak)))[0][1]
    assert "no private key" in (await look(dns, "nothing"))[0][1]
