"""The files of deploy/ are used as they are: by systemd, Postfix, Dovecot and Mailman."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cocmail.config import parse
from cocmail.config.sample import sample

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "systemd" / "cocmail.service"

has_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(one) for one in command], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_sample_is_what_init_writes() -> None:
    same = (DEPLOY / "cocmail.toml").read_text() == sample()
    assert same, "python -m cocmail.config.sample > deploy/cocmail.toml makes it anew"


def test_the_readme_names_every_file() -> None:
    named = set(re.findall(r"^\| `([^`]+)`", (DEPLOY / "README.md").read_text(), re.MULTILINE))
    there = {str(one.relative_to(DEPLOY)) for one in DEPLOY.rglob("*") if one.is_file()}
    assert {one for one in there if one != "README.md" and "/plugin/" not in one} == named


@has_analyze
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "cocmail.service"
    unit.write_text(UNIT.read_text().replace("/opt/cocmail/bin/cocmail", sys.executable))
    ended = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
    about_us = [line for line in ended.stderr.splitlines() if "cocmail.service" in line]
    assert about_us == []
    assert ended.returncode == 0, ended.stderr


@has_analyze
def test_systemd_finds_the_unit_well_shut(tmp_path: Path) -> None:
    unit = tmp_path / "cocmail.service"
    unit.write_text(UNIT.read_text())
    ended = run("systemd-analyze", "security", "--offline=true", "--threshold=20", unit)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"Overall exposure level.*: (0|1)\.\d OK", ended.stdout), ended.stdout[-400:]


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="no systemd-sysusers")
def test_sysusers_and_tmpfiles_are_understood(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    users = run("systemd-sysusers", f"--root={tmp_path}", DEPLOY / "systemd/cocmail.sysusers.conf")
    assert users.returncode == 0, users.stderr
    assert "cocmail:" in (tmp_path / "etc" / "passwd").read_text()
    for line in (DEPLOY / "systemd/cocmail.tmpfiles.conf").read_text().splitlines():
        assert re.fullmatch(r"#.*|[dz] /\S+ 0[0-7]{3} \w+ \w+ -", line), line


def test_the_mailman_lines_and_the_sample_agree() -> None:
    config = configparser.ConfigParser(delimiters=":")
    config.read(DEPLOY / "mailman" / "mailman.cfg")
    service = config["webservice"]
    mailman = parse(sample(), Path("/etc/cocmail/cocmail.toml")).mailman
    assert mailman.url == f"http://{service['hostname']}:{service['port']}/3.1"
    assert mailman.username == service["admin_user"]


@pytest.mark.skipif(shutil.which("doveconf") is None, reason="Dovecot is not installed")
@pytest.mark.servers
def test_dovecot_keeps_the_detail_and_files_it_in_the_inbox(tmp_path: Path) -> None:
    from cocmail.lab.dovecot import Dovecot

    dovecot = Dovecot(tmp_path)
    base = tmp_path / "dovecot.conf"
    kept = [
        line
        for line in base.read_text().splitlines()
        if not line.startswith(("recipient_delimiter", "lmtp_save_to_detail_mailbox"))
    ]
    base.write_text("\n".join([*kept, f"!include {DEPLOY / 'dovecot' / 'cocmail.conf'}", ""]))
    with dovecot:
        dovecot.deliver(b"Subject: x\r\n\r\nx\r\n", recipient="conduct+not-alice@example.org")
        (mail,) = dovecot.mailbox().messages()
    assert b"Delivered-To: <conduct+not-alice@example.org>" in mail or (
        b"Delivered-To: conduct+not-alice@example.org" in mail
    )


@pytest.mark.skipif(shutil.which("postconf") is None, reason="Postfix is not installed")
def test_postfix_reads_its_lines(tmp_path: Path) -> None:
    (tmp_path / "main.cf").write_text((DEPLOY / "postfix" / "main.cf").read_text())
    (tmp_path / "master.cf").write_text("")
    ended = run("postconf", "-c", tmp_path, "-n")
    assert ended.returncode == 0
    assert "unused parameter" not in ended.stderr
    assert "recipient_delimiter = +" in ended.stdout


@pytest.mark.skipif(shutil.which("postconf") is None, reason="Postfix is not installed")
@pytest.mark.servers
def test_postfix_hands_every_detail_to_cocmail(tmp_path: Path) -> None:
    from cocmail.lab.dovecot import Dovecot
    from cocmail.lab.postfix import Postfix
    from cocmail.lab.waiting import wait_until

    lines = (DEPLOY / "postfix" / "main.cf").read_text()
    with Dovecot(tmp_path / "ours") as ours:
        extra = lines.replace("127.0.0.1:8024", f"127.0.0.1:{ours.lmtp_port}")
        with Postfix(tmp_path / "mx", lmtp="inet:127.0.0.1:1", extra=extra) as postfix:
            for recipient in ("conduct@example.org", "conduct+not-alice@example.org"):
                postfix.send(b"Subject: x\r\n\r\nx\r\n", recipient)
            wait_until(lambda: ours.mailbox().count() == 2, timeout=60, what="both mails")
