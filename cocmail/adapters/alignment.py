"""Whether a signature's domain may speak for a sender's domain (RFC 7489 section 3.1.1).

Owns organizational domains (by the Public Suffix List, its private part too) and the domains
whose subdomains belong to strangers. Refuses to know signatures. Called by
adapters.authentication, and where mail is counted (loops/pace).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from publicsuffixlist import PublicSuffixList

# Under these anybody has an address, or a host: only the very domain speaks for itself.
_STRICT = frozenset(
    {
        "126.com", "163.com", "aol.com", "bk.ru", "bluewin.ch", "disroot.org", "duck.com",
        "fastmail.com", "fastmail.fm", "free.fr", "freenet.de", "gmail.com", "gmx.at", "gmx.ch",
        "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hey.com", "hotmail.com", "hushmail.com",
        "icloud.com", "inbox.ru", "laposte.net", "libero.it", "list.ru", "live.com", "mac.com",
        "mail.com", "mail.ru", "mailbox.org", "me.com", "msn.com", "naver.com", "onmicrosoft.com",
        "orange.fr", "outlook.com", "pm.me", "posteo.de", "posteo.net", "proton.me",
        "protonmail.com", "qq.com", "rediffmail.com", "riseup.net", "rocketmail.com", "seznam.cz",
        "startmail.com", "t-online.de", "tuta.com", "tuta.io", "tutanota.com", "tutanota.de",
        "ukr.net", "web.de", "wp.pl", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.de",
        "yahoo.fr", "yandex.com", "yandex.ru", "ymail.com", "zoho.com", "zohomail.com",
    }
)  # fmt: skip


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def ascii_domain(domain: str) -> str:
    """A domain as DNS has it (RFC 5890 A-labels), lower case; "" where it can't be one."""
    try:
        return domain.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""


def organizations() -> Callable[[str], str]:
    """Who a domain belongs to: its organizational domain, or itself where it has none. By a list
    that is read now, and not when mail waits."""
    suffixes = _suffixes()

    def organization(domain: str) -> str:
        name = ascii_domain(domain) or domain
        return suffixes.privatesuffix(name) or name

    return organization


def aligned(signing: str, sender: str) -> bool:
    """Whether ``signing`` (d=) may sign for mail From ``sender``'s domain."""
    one, other = ascii_domain(signing), ascii_domain(sender)
    if not one or not other:
        return False
    if one == other:
        return True
    organizations = _suffixes().privatesuffix(one), _suffixes().privatesuffix(other)
    if organizations[0] is None or organizations[0] != organizations[1]:
        return False
    return organizations[0] not in _STRICT
