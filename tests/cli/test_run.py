"""`cocmail run` that can't begin says why in one line, and ends with 1."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cocmail.adapters.metrics import METRICS
from cocmail.lab.waiting import free_port

CONFIGURATION = """
[community]
name = "Example"
address = "conduct@example.org"
[lmtp]
listen = "127.0.0.1:{lmtp}"
[submission]
security = "none"
port = {closed}
[mailman]
url = "http://127.0.0.1:{closed}/3.1"
password_file = "mailman.password"
[[committee]]
handle = "alice"
name = "Alice"
addresses = ["alice@alice.example"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "cocmail"
    subprocess.run(
        [sys.executable, "-m", "cocmail", "init", str(made)], check=True, capture_output=True
    )
    ports = {"lmtp": free_port(), "closed": free_port()}
    (made / "cocmail.toml").write_text(CONFIGURATION.format(**ports))
    (made / "mailman.password").write_text("secret")
    (made / "mailman.password").chmod(0o600)
    return made


def refused(folder: Path, verb: str = "run") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "cocmail", verb, "--config", str(folder / "cocmail.toml")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_a_missing_key(folder: Path) -> None:
    (folder / "cocmail.key").unlink()
    assert "key_file" in refused(folder)


def test_a_key_that_others_may_read(folder: Path) -> None:
    (folder / "cocmail.key").chmod(0o644)
    assert "key_file" in refused(folder)


def test_another_schema_names_what_to_do(folder: Path) -> None:
    migrated = subprocess.run(
        [sys.executable, "-m", "cocmail", "migrate", "--config", str(folder / "cocmail.toml")],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert migrated.returncode == 0, migrated.stderr
    with sqlite3.connect(folder / "cocmail.db") as store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    assert "newer schema" in refused(folder)
    assert "newer schema" in refused(folder, "status")


def test_a_key_that_is_another_stores(folder: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "cocmail", "migrate", "--config", str(folder / "cocmail.toml")],
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    other = tmp_path / "other"
    subprocess.run(
        [sys.executable, "-m", "cocmail", "init", str(other)], check=True, capture_output=True
    )
    (other / "cocmail.key").replace(folder / "cocmail.key")
    assert "not the key" in refused(folder)


def test_a_bad_configuration_says_every_mistake_at_once(folder: Path) -> None:
    text = (folder / "cocmail.toml").read_text()
    (folder / "cocmail.toml").write_text(text + "shoesize = 3\n[polcy]\napprovals = 0\n")
    done = subprocess.run(
        [sys.executable, "-m", "cocmail", "run", "--config", str(folder / "cocmail.toml")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "shoesize" in done.stderr
    assert "polcy" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_letter_of_their_own_that_can_t_work(folder: Path) -> None:
    text = (folder / "cocmail.toml").read_text()
    (folder / "cocmail.toml").write_text(
        text.replace("[community]", '[community]\ntemplates = "letters"')
    )
    (folder / "letters/en").mkdir(parents=True)
    letter = folder / "letters/en/letter-ban.txt"
    letter.write_text("Subject: [{{ reference }}] A letter\n\nDear {{ adress }}\n")
    line = refused(folder)
    assert f"{letter}:3: nothing is called adress here; did you mean address?" in line
    assert not (folder / "cocmail.db").exists()


def test_a_language_that_there_is_not(folder: Path) -> None:
    text = (folder / "cocmail.toml").read_text()
    (folder / "cocmail.toml").write_text(
        text.replace("[community]", '[community]\nlanguage = "eo"')
    )
    line = refused(folder)
    assert "[community] language: there are no letters in this language; there are: de, en" in line


def test_figures_are_there_for_who_scrapes_them(folder: Path) -> None:
    port = free_port()
    toml = folder / "cocmail.toml"
    toml.write_text(toml.read_text() + f'[metrics]\nlisten = "127.0.0.1:{port}"\n')
    command = [sys.executable, "-m", "cocmail", "run", "--config", str(toml)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr
        try:
            while "ready" not in daemon.stderr.readline():
                assert daemon.poll() is None
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                page = answer.read().decode()
        finally:
            daemon.terminate()
            assert daemon.wait(timeout=60) == 0
    found = {name for name in METRICS if f"\n{name} " in page}
    assert found >= {name for name in METRICS if not name.startswith("cocmail_last")}, page
    assert "alice" not in page
    assert "example" not in page


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "cocmail", "run", "--config", str(folder / "cocmail.toml")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        try:
            yield daemon
        finally:
            daemon.terminate()


def with_mailman(folder: Path, port: int) -> None:
    toml = folder / "cocmail.toml"
    before, mailman, after = toml.read_text().partition("[mailman]\n")
    url = f'url = "http://127.0.0.1:{port}/3.1"\n'
    toml.write_text(before + mailman + url + after.partition("\n")[2])


def test_a_mailman_that_is_silent_holds_up_neither_the_start_nor_the_end(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with_mailman(folder, silent.getsockname()[1])
        with running(folder) as daemon:
            assert daemon.stderr
            begun = time.monotonic()
            while "ready" not in daemon.stderr.readline():
                assert daemon.poll() is None
            assert time.monotonic() - begun < 20, "a call has thirty seconds"
            begun = time.monotonic()
            daemon.terminate()
            assert daemon.wait(timeout=60) == 0
            assert time.monotonic() - begun < 10


def test_a_version_that_was_not_tried_is_said_at_the_start(folder: Path) -> None:
    class Newer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = {"http_etag": "", "start": 0, "total_size": 0}
            body = json.dumps({**said, "mailman_version": "GNU Mailman 3.4.0 (X)"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Newer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with_mailman(folder, server.server_address[1])
        with running(folder) as daemon:
            assert daemon.stderr
            line = daemon.stderr.readline()
            while "3.4.0" not in line:
                assert "ready" not in line
                line = daemon.stderr.readline()
            assert "[mailman]: GNU Mailman 3.4.0 (X) was not tried with cocmail" in line
        server.shutdown()
