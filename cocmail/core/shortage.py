"""The disk is nearly full, or DNS is silent: what the committee hears.

Owns who is told. Refuses to measure. Called by the daemon and by loops/intake, on the committee's
record, so that a letter of it that comes back is told as well.
"""

from __future__ import annotations

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.letters import Kind
from cocmail.core.setting import Setting
from cocmail.core.work import Result, Work


def disk_nearly_full(record: Case, setting: Setting) -> Result:
    """Mail waits at the servers meanwhile. Each member is told, once each time it comes to that."""
    return _told(record, setting, "disk-alert", e.Happened(what="disk nearly full"))


def no_keys(record: Case, setting: Setting, why: str) -> Result:
    """The keys of signatures can't be asked for, so commands wait, and are asked about."""
    return _told(record, setting, "signatures-trouble", e.Happened(what="no-keys", detail=why))


def _told(record: Case, setting: Setting, template: str, event: e.Happened) -> Result:
    work = Work(record, setting)
    work.happen(event)
    for member in setting.roster.without(setting.committee.locked):
        work.to_member(member, Kind.ALERT, template, {})
    return work.result()
