"""The disk is nearly full: what the committee hears.

Owns who is told. Refuses to measure. Called by the daemon, on the committee's record.
"""

from __future__ import annotations

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.letters import Kind
from cocmail.core.setting import Setting
from cocmail.core.work import Result, Work


def disk_nearly_full(record: Case, setting: Setting) -> Result:
    """Mail waits at the servers meanwhile. Each member is told, once each time it comes to that."""
    work = Work(record, setting)
    work.happen(e.Happened(what="disk nearly full"))
    for member in setting.roster.without(setting.committee.locked):
        work.to_member(member, Kind.ALERT, "disk-alert", {})
    return work.result()
