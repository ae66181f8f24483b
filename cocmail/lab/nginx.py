"""A private nginx: a web server in front of what listens on loopback, as communities run one.

Owns what surrounds the lines under test: its processes, log, scratch folders, and which calls it
answered how. Knows nothing of what those lines say, nor of who is behind it. Called by tests.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cocmail.lab.process import LabError, NotInstalled, Process, room
from cocmail.lab.server import Server
from cocmail.lab.waiting import answers, free_port

CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {room}/pid;
error_log {room}/error.log warn;
{user}
events {{
}}
http {{
  # What was asked, as it was written; and who answered: nginx alone where it asked nobody.
  log_format lab "$status $upstream_status $request_method $request_uri $request_body";
  access_log {room}/access.log lab;
  client_body_temp_path {room}/temp/body;
  proxy_temp_path {room}/temp/proxy;
  fastcgi_temp_path {room}/temp/fastcgi;
  scgi_temp_path {room}/temp/scgi;
  uwsgi_temp_path {room}/temp/uwsgi;
{lines}
}}
"""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request that it answered."""

    method: str
    target: str  # path and query, as it was written
    body: str  # "-": none that was passed on
    status: int
    passed: bool  # on to who is behind, who may have been away


def _binary() -> str | None:
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class Nginx(Server):
    """`with Nginx(dir) as nginx`, after `nginx.configure(lines)`: those of the `http` block."""

    def __init__(self, directory: Path) -> None:
        self._room = room()
        super().__init__(directory, room=self._room)
        self.port = free_port()
        (self._room / "temp").mkdir()
        self._configuration = self._room / "nginx.conf"

    def configure(self, lines: str) -> None:
        """With something that listens on `port`; before it starts, or starts again."""
        self._configuration.write_text(
            CONFIGURATION.format(
                room=self._room,
                user="user nobody nogroup;" if os.getuid() == 0 else "",
                lines=lines,
            ),
            encoding="utf-8",
        )

    @property
    def log(self) -> Path:
        return self._room / "error.log"

    def _launch(self) -> Process:
        binary = _binary()
        if binary is None:
            raise NotInstalled("nginx is not installed: apt install nginx-light")
        argv: list[str | Path] = [binary, "-p", self._room, "-c", self._configuration]
        argv += ["-e", self.log]
        checked = subprocess.run([*argv, "-t"], capture_output=True, text=True, check=False)
        if checked.returncode:
            raise LabError(f"nginx does not take this configuration: {checked.stderr}")
        process = Process(argv, log=self.log, cwd=self.directory)
        process.wait_ready(lambda: answers(self.port), timeout=60, what="nginx")
        return process

    def calls(self) -> list[Call]:
        """All that it answered, since it was made. It writes each when it has answered: stop it
        before, to have them all."""
        log = self._room / "access.log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else ()
        return [
            Call(method=how, target=target, body=body, status=int(status), passed=behind != "-")
            for status, behind, how, target, body in (line.split(" ", 4) for line in lines)
        ]
