"""One mailbox, one spelling: what an address is when everything is taken away that its provider
doesn't look at.

Owns the rules by which two spellings reach one mailbox, each with its reason, and how an address
looks to the eye. Only rules that a provider states are here: where nobody says so, a dot, a hyphen
or another domain makes another mailbox. Refuses to say who somebody is. Linear in the address,
total over all strings. Called by the package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cocmail.core.leaks.likeness import drawn
from cocmail.core.normal import normalized


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What one provider doesn't look at."""

    rule: str  # in words, and who states it
    domains: tuple[str, ...]  # the first stands for all: they are one
    ignored: str = ""  # characters of the local part that don't count
    same: Mapping[str, str] | None = None  # characters that count as another


# From the help pages named: those of Proton, Fastmail and Yandex were looked up in November 2026,
# Gmail's and iCloud's rules and Yandex' dot and hyphen are what is commonly known of them.
PROVIDERS = (
    Provider(
        rule="dots don't count, and both domains are one mailbox"
        " (support.google.com/mail/answer/7436150 and /10313)",
        domains=("gmail.com", "googlemail.com"),
        ignored=".",
    ),
    Provider(
        rule="dots, hyphens and underscores don't count, and a name is one account's at every"
        " domain (proton.me/support/change-username, /support/addresses-and-aliases)",
        domains=("proton.me", "protonmail.com", "protonmail.ch", "pm.me"),
        ignored=".-_",
    ),
    Provider(
        rule="older addresses go on at the newer domains (support.apple.com/en-us/102561)",
        domains=("icloud.com", "me.com", "mac.com"),
    ),
    Provider(
        rule="one mailbox at every domain (yandex.com/support/id/authorization/email.html);"
        " dot and hyphen are one character of a login",
        domains=(
            "yandex.com", "yandex.ru", "ya.ru", "yandex.by", "yandex.kz", "yandex.ua", "narod.ru",
        ),
        same={".": "-"},
    ),
)  # fmt: skip

# fastmail.help/hc/en-us/articles/360060591053: anything@NAME.fastmail.com is NAME@fastmail.com.
SUBDOMAINS = ("fastmail.com", "fastmail.fm")

_PROVIDER = {domain: one for one in PROVIDERS for domain in one.domains}
_DOTS = re.compile("[\u3002\uff0e\uff61]")  # full stops to IDNA (UTS 46)


@dataclass(frozen=True, slots=True)
class Spellings:
    """One address, from as written to as drawn; each form takes away more than the one before."""

    written: str  # lower case, its domain in letters rather than in `xn--…`
    untagged: str  # without a detail after "+" (RFC 5233)
    mailbox: str  # by its provider's own rules
    drawn: str  # as the eye reads it


@lru_cache(maxsize=8192)
def spellings(address: str) -> Spellings:
    """All forms of an address; each is itself when it is read again."""
    local, at, domain = address.strip().rpartition("@")
    if not at:
        local, domain = domain, ""
    local, domain = _low(local), ".".join(map(_label, _DOTS.sub(".", domain).split(".")))
    bare = _bare(local)
    box, there = _mailbox(bare, domain)
    box = _bare(box)  # what a sub-domain is called may carry a detail too
    # A domain that looks like a provider's is meant to be taken for it, rules and all.
    eye, seen = _mailbox(box, _domain_drawn(there))
    return Spellings(
        written=f"{local}@{domain}",
        untagged=f"{bare}@{domain}",
        mailbox=f"{box}@{there}",
        drawn=f"{_name_drawn(eye)}@{seen}",
    )


def canonical(address: str) -> str:
    """The spelling that stands for all that reach the same mailbox."""
    return spellings(address).mailbox


def _bare(local: str) -> str:
    """Without a detail; what is nothing but a detail stays."""
    return local.partition("+")[0].strip() or local


def _low(text: str) -> str:
    for _ in range(3):  # lower case can spread, and what it spreads to can compose
        text = normalized("NFC", text.lower())
    return text.strip()


def _label(label: str) -> str:
    """A domain's label in letters: RFC 5891 calls both forms the same name."""
    plain = _low(normalized("NFKC", label))
    if not plain.startswith("xn--"):
        return plain
    try:
        letters = plain[4:].encode("ascii").decode("punycode")
        again = letters.encode("punycode").decode("ascii")
    except (UnicodeError, ValueError, OverflowError):
        return plain
    # Only a label that was made of these letters, and that no mail server would read otherwise.
    whole = letters == _low(normalized("NFKC", letters)) and again == plain[4:]
    return letters if whole and not letters.isascii() and "@" not in letters else plain


def _mailbox(local: str, domain: str) -> tuple[str, str]:
    for base in SUBDOMAINS:
        name, dot, rest = domain.partition(".")
        if dot and name and rest == base:
            return name, base
    provider = _PROVIDER.get(domain)
    if provider is None:
        return local, domain
    kept = "".join(c for c in local if c not in provider.ignored).strip() or local
    for one, other in (provider.same or {}).items():
        kept = kept.replace(one, other)
    return kept, provider.domains[0]


# -- as the eye reads it ---------------------------------------------------------------------

_DIGITS = str.maketrans({"0": "o", "1": "l"})
_NUMBER = re.compile(r"[0-9]*$")


def _name_drawn(local: str) -> str:
    """A digit is a letter where a letter follows. A number at the end is what tells two people of
    one name apart."""
    low = drawn(local)
    end = _NUMBER.search(low)
    cut = end.start() if end else len(low)
    return _letters(low[:cut]) + low[cut:]


def _domain_drawn(domain: str) -> str:
    return ".".join(map(_letters, drawn(domain).split(".")))


def _letters(part: str) -> str:
    """Digits and pairs of letters that look like a letter become it."""
    if not part.isdigit():
        part = part.translate(_DIGITS)
    return part.replace("rn", "m").replace("vv", "w")
