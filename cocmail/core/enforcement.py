"""Desired plus observed gives a plan (being written: see ports.Lists and ports.Book)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What stands on the lists."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change on the lists."""
