"""A report that its sender sent before, word for word, opens no second case.

People send again what they fear was lost: from the outbox of a phone, or the day after. Whether it
is the same only the daemon can see, and it makes sure (docs/filters.md says of what); this filter
says that it should look. Leave this file out, and each mail is a report by itself, which `/merge`
puts together.

Machines' mail and what can't be read here is left alone.
"""

from __future__ import annotations

from cocmail.core.filtering import Incoming, Once, Pass, Verdict


def judge(mail: Incoming) -> Verdict:
    if mail.automatic or mail.encrypted or not mail.text.strip():
        return Pass()
    return Once()
