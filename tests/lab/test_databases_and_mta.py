"""PostgreSQL and Postfix of one's own; and nothing is left when their parent is killed."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cocmail.lab import postgres as postgres_room
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.mailman import Mailman
from cocmail.lab.postfix import Postfix
from cocmail.lab.postgres import Postgres
from cocmail.lab.process import LabError, Process
from cocmail.lab.waiting import answers, wait_until


def test_postgres_keeps_its_data_over_a_kill(tmp_path: Path) -> None:
    with Postgres(tmp_path) as postgres:
        url = postgres.create_database("one")
        assert url == f"postgresql://coclab@127.0.0.1:{postgres.port}/one"
        postgres.sql("CREATE TABLE t AS SELECT 7 AS n", database="one")
        postgres.kill()
        postgres.start()
        assert postgres.sql("SELECT n FROM t", database="one") == "7"
        postgres.create_database("one")
        with pytest.raises(LabError, match="does not exist"):
            postgres.sql("SELECT n FROM t", database="one")


def test_postgres_from_the_package_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_room, "APT", tmp_path / "nothing")
    with Postgres(tmp_path) as postgres:
        assert postgres.sql("SELECT 1") == "1"


def test_mailman_on_postgres(tmp_path: Path) -> None:
    with Postgres(tmp_path / "pg") as postgres:
        url = postgres.create_database("mailman")
        with Mailman(tmp_path / "mm", database_url=url) as mailman:
            assert mailman.api("POST", "domains", mail_host="lists.example.org")[0] == 201
        assert postgres.sql("SELECT mail_host FROM domain", database="mailman")


def test_postfix_hands_on_by_lmtp_and_leaves_nobody_behind(tmp_path: Path) -> None:
    mail = b"From: a@example.net\r\nSubject: x\r\n\r\nhello\r\n"
    with Dovecot(tmp_path / "dovecot") as dovecot:
        lmtp = f"inet:127.0.0.1:{dovecot.lmtp_port}"
        with Postfix(tmp_path / "postfix", lmtp=lmtp) as postfix:
            wanted = ["conduct@example.org", "conduct+token@example.org"]
            refused = postfix.send(mail, *wanted, "other@example.org", sender="a@example.net")
            assert list(refused) == ["other@example.org"]
            box = dovecot.mailbox()
            wait_until(lambda: box.count() == 2, timeout=60, what="two deliveries")
            wait_until(lambda: postfix.queued() == 0, timeout=60, what="an empty queue")
            dovecot.stop()
            postfix.send(mail, wanted[0], sender="a@example.net")
            wait_until(lambda: postfix.queued() == 1, timeout=60, what="a deferred mail")
            dovecot.start()
            wait_until(lambda: box.count() == 3, timeout=60, what="another attempt")
            port = postfix.port
        assert not answers(port)


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    process = Process(
        ["sh", "-c", "echo out of cheese >&2; exit 3"], log=tmp_path / "log", cwd=tmp_path
    )
    with pytest.raises(LabError, match="out of cheese"):
        process.wait_ready(lambda: False, timeout=60, what="the engine")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_servers_end_with_their_parent(how: signal.Signals, tmp_path: Path) -> None:
    program = (
        "import sys, signal\nfrom pathlib import Path\n"
        "from cocmail.lab.dovecot import Dovecot\n"
        "dovecot = Dovecot(Path(sys.argv[1]))\ndovecot.start()\n"
        "print(dovecot.imap_port, flush=True)\nsignal.pause()\n"
    )
    path = os.pathsep.join(sys.path)
    with (
        tempfile.TemporaryDirectory(prefix="coclab-", dir="/tmp") as rooms,
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path, "COCMAIL_LAB_ROOMS": rooms},
        ) as parent,
    ):
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        assert answers(port)
        parent.send_signal(how)
        wait_until(lambda: not answers(port), timeout=60, what="Dovecot to end with its parent")
