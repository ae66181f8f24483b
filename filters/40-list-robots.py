"""An example to copy: notices of the community's own list software open no case.

A list manager tells its owners of held posts and subscriptions, and owners sometimes have such
notices sent on to the conduct address. They are no reports; they are set aside, so that
nothing is lost if one of them is. Change the two patterns to what your robots write.

Whoever forges such a notice sets aside their own mail. docs/filters.md makes a filter from
nothing, with a test.
"""

from __future__ import annotations

import re

from cocmail.core.filtering import Incoming, Pass, SetAside, Verdict

_ROBOTS = re.compile(r"(?:[\w.-]+-(?:owner|bounces|request)|mailman|listmaster)@", re.IGNORECASE)
_NOTICES = re.compile(
    r"\d+ [\w.@-]+ moderator request\(?s?\)? (?:waiting|pending)"
    r"|(?:new )?(?:subscription|unsubscription) (?:request|notification)\b"
    r"|uncaught bounce notification\b"
    r"|[\w.@-]+ post from \S+ requires approval",
    re.IGNORECASE,
)


def judge(mail: Incoming) -> Verdict:
    # Both must hold: a person may well answer such a notice, and keep its subject.
    if _ROBOTS.match(mail.sender) and _NOTICES.match(mail.subject):
        return SetAside(why="It looks like a notice of the list software.")
    return Pass()
