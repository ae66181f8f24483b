"""A Mailman Core of one's own, with its REST API on loopback.

Owns its configuration, database file and processes: the REST runner alone, ready in a second, or
the whole with its mail runners. Knows nothing of lists and members (community.py makes those).
Called by the demo and tests. Found through `COCMAIL_LAB_MAILMAN` (an environment's folder), or as
`.venv-mailman` beside the checkout.
"""

import base64
import json
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from cocmail.lab.process import NotInstalled, Process
from cocmail.lab.server import Server
from cocmail.lab.waiting import answers, free_port

_RACES = 4  # that one question may lose in a row
USED_RUNNERS = ("in", "out", "virgin", "pipeline", "lmtp", "command", "rest")
UNUSED_RUNNERS = ("archive", "bad", "bounces", "digest", "nntp", "retry", "shunt", "task")

CONFIGURATION = """\
[mailman]
layout: lab
site_owner: postmaster@lists.test
[paths.lab]
var_dir: {var}
[mta]
incoming: mailman.mta.null.NullMTA
outgoing: mailman.mta.deliver.deliver
smtp_host: 127.0.0.1
smtp_port: {sink}
lmtp_host: 127.0.0.1
lmtp_port: {lmtp}
[passwords]
configuration: {passlib}
[webservice]
hostname: 127.0.0.1
port: {rest}
admin_user: {username}
admin_pass: {password}
workers: {workers}
"""

# Mailman gives every user a password, and its own way to digest one takes a fifth of a second.
PASSLIB = "[passlib]\nschemes = sha512_crypt\nsha512_crypt__default_rounds = 1000\n"


def environment_folder() -> Path:
    """Where Mailman is installed; raises with what would mend it."""
    named = os.environ.get("COCMAIL_LAB_MAILMAN")
    beside = Path(__file__).resolve().parents[2] / ".venv-mailman"
    for folder in [Path(named)] if named else [beside, Path.cwd() / ".venv-mailman"]:
        if (folder / "bin" / "runner").exists():
            return folder
    raise NotInstalled(
        f"no Mailman in {named or beside}: `make demo` and `make test` install it there, "
        "or name its environment in COCMAIL_LAB_MAILMAN"
    )


class Mailman(Server):
    """`with Mailman(dir) as mailman: mailman.api("GET", "lists")`."""

    username = "restadmin"
    password = "restpass"
    stop_timeout = 20.0
    killed_at_close = True

    def __init__(
        self,
        directory: Path,
        *,
        workers: int = 2,
        full: bool = False,
        sink_port: int = 0,
        database_url: str | None = None,
        python: Path | None = None,
        extra: str = "",
        modules: Path | None = None,
    ) -> None:
        """`python`: that environment's interpreter, where it isn't found by itself; `extra`: more
        lines of configuration; `modules`: a folder that it imports from, too."""
        super().__init__(directory)
        # `make mailmans` puts the Mailman of a run on another database so.
        database_url = database_url or os.environ.get("COCMAIL_LAB_MAILMAN_DATABASE")
        self.full = full
        self.rest_port = free_port()
        self.lmtp_port = free_port()
        self.url = f"http://127.0.0.1:{self.rest_port}/3.1"
        self._bin = python.parent if python else environment_folder() / "bin"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._modules = modules
        self._write(workers, sink_port or free_port(), database_url, extra)

    def _write(self, workers: int, sink_port: int, database_url: str | None, extra: str) -> None:
        var = self.directory / "var"
        var.mkdir(parents=True, exist_ok=True)
        passlib = self.directory / "passlib.cfg"
        passlib.write_text(PASSLIB, encoding="utf-8")
        text = CONFIGURATION.format(
            var=var,
            passlib=passlib,
            sink=sink_port,
            lmtp=self.lmtp_port,
            rest=self.rest_port,
            username=self.username,
            password=self.password,
            workers=workers,
        )
        if database_url:
            text += "[database]\nclass: mailman.database.postgresql.PostgreSQLDatabase\n"
            text += f"url: {database_url}\n"
        text += "".join(f"[runner.{name}]\nstart: no\n" for name in UNUSED_RUNNERS)
        text += "".join(f"[runner.{name}]\nsleep_time: 0.2s\n" for name in USED_RUNNERS)
        self._configuration = self.directory / "mailman.cfg"
        self._configuration.write_text(text + extra, encoding="utf-8")

    def _launch(self) -> Process:
        # After a kill there are locks that nobody holds any more.
        shutil.rmtree(self.directory / "var" / "locks", ignore_errors=True)
        if self.full:
            argv: list[str | Path] = [self._bin / "master", "-C", self._configuration, "--force"]
        else:
            argv = [self._bin / "runner", "-C", self._configuration, "--runner=rest:0:1"]
        environment = {
            "HOME": str(self.directory),  # gunicorn drops a control socket there
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
        }
        if self._modules:
            environment["PYTHONPATH"] = str(self._modules)
            environment["PYTHONDONTWRITEBYTECODE"] = "1"  # that folder may be what is shipped
        process = Process(
            argv,
            log=self.log,
            cwd=self.directory,
            environment=environment,
        )
        process.wait_ready(self._is_ready, timeout=120, what="Mailman")
        return process

    def _is_ready(self) -> bool:
        if not answers(self.rest_port) or (
            self.full and not answers(self.lmtp_port, greeting=True)
        ):
            return False
        try:
            return self.api("GET", "system/versions")[0] == 200
        except OSError:
            return False

    def api(self, method: str, path: str, **data: Any) -> tuple[int, Any]:
        """One REST call: the status, and the parsed body (None where there is none).

        A path's variable parts are the caller's to quote. True becomes "true"; lists repeat their
        key. Arguments of GET and DELETE go into the query. OSError where Mailman can't be reached.
        A GET that meets a removal may get a 500, for Mailman reads what is just going away: a few
        times it is asked again.
        """
        fields = {
            key: str(value).lower() if isinstance(value, bool) else value
            for key, value in data.items()
        }
        encoded = urllib.parse.urlencode(fields, doseq=True)
        url = f"{self.url}/{path.lstrip('/')}"
        body: bytes | None = None
        if method in ("GET", "DELETE"):
            url += f"?{encoded}" if encoded else ""
        else:
            body = encoded.encode()
        for _ in range(_RACES if method == "GET" else 0):
            answer = self._asked(method, url, body)
            if answer[0] != 500:
                return answer
        return self._asked(method, url, body)

    def _asked(self, method: str, url: str, body: bytes | None) -> tuple[int, Any]:
        request = urllib.request.Request(url, data=body, method=method)
        secret = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {secret}")
        try:
            with self._opener.open(request, timeout=30) as response:
                return int(response.status), _parsed(response.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, _parsed(refused.read())


def _parsed(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
