"""Chaos plays on the story's stage: the same servers, the same house, but nobody is gentle."""

from __future__ import annotations

from tests.story.conftest import new_house, new_store, postgres, servers

__all__ = ["new_house", "new_store", "postgres", "servers"]
