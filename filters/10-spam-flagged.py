"""What the site's own spam or virus filter has marked is set aside, not lost.

Reads the marks of SpamAssassin, rspamd, Microsoft 365 and Exchange, bogofilter, MailScanner,
Barracuda, DSPAM and ClamAV. Decides nothing by itself: a report that quotes slurs looks like spam
to many a word list, so this file has none. What is set aside is kept whole and shown to humans.

One mark that says spam is enough, wherever in the header it stands and whatever others say:
SpamAssassin writes its fields at the top, a milter such as rspamd's often at the bottom, so a
"No" that a sender wrote above or below can't hide the "Yes" of our own server. A sender who
forges a "Yes" sets aside their own mail.
"""

from __future__ import annotations

import re

from cocmail.core.filtering import Incoming, Pass, SetAside, Verdict

_MARKED = SetAside(why="The mail server's spam filter has marked it.")
_INFECTED = SetAside(why="The mail server's virus filter has marked it.")

_YES = re.compile(r"\s*(?:yes|true|spam)\b", re.IGNORECASE)
_MARKS = {
    "x-spam-flag": _YES,  # SpamAssassin, and many that do as it does
    "x-spam-status": _YES,  # "Yes, score=7.2 required=5.0 tests=..."
    "x-spam": _YES,  # rspamd's default mark
    "x-spamd-result": re.compile(
        r"[^:]{0,40}:\s*true\b", re.IGNORECASE
    ),  # "default: True [15 / 6]"
    "x-rspamd-action": re.compile(
        r"\s*(?:reject|add.header|rewrite.subject|quarantine)", re.IGNORECASE
    ),
    "x-bogosity": _YES,
    "x-dspam-result": _YES,
    "x-barracuda-spam-flag": _YES,
    "x-mailscanner-spamcheck": re.compile(r"\s*spam\b", re.IGNORECASE),
    # Microsoft: spam confidence 5 and up is junk; SPM: marked as spam before or by content.
    "x-ms-exchange-organization-scl": re.compile(r"\s*[5-9]\s*$"),
    "x-forefront-antispam-report": re.compile(
        r"(?:.*[;\s])?(?:SFV:SP[MB]\b|SCL:[5-9]\b|CAT:(?:SPM|HSPM|PHSH|HPHSH|HPHISH|MALW|BULK))",
        re.IGNORECASE,
    ),
}
_VIRUSES = {
    "x-virus-status": re.compile(r"\s*(?:yes|infected)\b", re.IGNORECASE),
    "x-virus-flag": _YES,
    "x-mailscanner": re.compile(r"\s*found to be infected", re.IGNORECASE),
}


def judge(mail: Incoming) -> Verdict:
    for marks, verdict in ((_VIRUSES, _INFECTED), (_MARKS, _MARKED)):
        for name, says in marks.items():
            if any(says.match(value) for value in mail.all(name)):
                return verdict
    return Pass()
