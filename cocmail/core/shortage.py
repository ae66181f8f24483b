"""The disk is nearly full, DNS is silent, or the clock has gone wrong: what the committee hears.

Owns who is told. Refuses to measure. Called by the daemon and by loops/intake, on the committee's
record, so that a letter of it that comes back is told as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.clock import HOLD
from cocmail.core.letters import Kind
from cocmail.core.setting import Setting
from cocmail.core.work import Result, Work


def disk_nearly_full(record: Case, setting: Setting) -> Result:
    """Mail waits at the servers meanwhile. Each member is told, once each time it comes to that."""
    return _told(record, setting, "disk-alert", e.Happened(what="disk nearly full"))


def no_keys(record: Case, setting: Setting, why: str) -> Result:
    """The keys of signatures can't be asked for, so commands wait, and are asked about."""
    return _told(record, setting, "signatures-trouble", e.Happened(what="no-keys", detail=why))


def clock_leapt(record: Case, setting: Setting, believed: datetime) -> Result:
    """The clock says more time than has passed, so what is due waits; each member is told."""
    values = {"believed": believed, "says": setting.now, "hold": HOLD}
    return _told(record, setting, "clock-alert", e.Happened(what="clock-leapt"), values)


def _told(
    record: Case,
    setting: Setting,
    template: str,
    event: e.Happened,
    values: Mapping[str, object] | None = None,
) -> Result:
    work = Work(record, setting)
    work.happen(event)
    for member in setting.roster.without(setting.committee.locked):
        work.to_member(member, Kind.ALERT, template, values or {})
    return work.result()
