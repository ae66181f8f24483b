"""Runs beside each other share a machine and nothing else; and who was killed is gone."""

import subprocess
import sys
from pathlib import Path

from cocmail.lab.process import Process
from cocmail.lab.waiting import wait_until

PORTS = """
from cocmail.lab.waiting import free_port
print(*(free_port() for _ in range(150)), flush=True)
input()
"""
# Whose memory takes a while to be given back.
LARGE = """
import os, pathlib, subprocess, sys, time
if len(sys.argv) > 2:
    large = b"x" * (300 << 20)
    pathlib.Path(sys.argv[1]).symlink_to(str(os.getpid()))
    time.sleep(600)
subprocess.run([sys.executable, *sys.orig_argv[1:], "again"])
"""


def test_no_port_is_two_runs_own() -> None:
    """Each is bound only later, and some are there to be bound by nobody."""
    several = [
        subprocess.Popen(
            [sys.executable, "-c", PORTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    ports = [port for one in several if one.stdout for port in one.stdout.readline().split()]
    for one in several:
        one.communicate("\n")
        assert one.returncode == 0
    assert len(ports) == len(set(ports)) == 600


def test_nobody_of_a_group_lives_when_it_was_killed(tmp_path: Path) -> None:
    there = tmp_path / "there"
    process = Process([sys.executable, "-c", LARGE, there], log=tmp_path / "log", cwd=tmp_path)
    wait_until(there.is_symlink, timeout=60, what="what it started")
    process.kill()
    try:
        said = Path(f"/proc/{there.readlink()}/stat").read_text()
    except OSError:
        return
    assert said.rpartition(") ")[2][0] in "ZX", "dead, and somebody else's to wait for"
