"""Certificates of the servers that we talk to: why one proves nothing, and which ends soon.

Owns the words for both. Refuses to connect. Called by imap, imap_watch and submission.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from typing import Any

SOON = 14  # days


def untrusted(broken: ssl.SSLCertVerificationError, label: str) -> str:
    """``label``: the table of the settings, for what stands there."""
    unknown = "its certificate is of nobody whom we trust: see {} ca_file"
    return _WORDS.get(broken.verify_code, unknown).format(label)


_WORDS = {  # by OpenSSL's X509_V_ERR_… (x509_vfy.h)
    9: "its certificate isn't valid yet: is this machine's clock right?",
    10: "its certificate has expired: the server needs a new one",
    62: "its certificate is for another name than {} host",
    64: "its certificate is for another name than {} host",
}


def ends_soon(where: str, certificate: Mapping[str, Any] | None) -> list[tuple[None, str]]:
    """For `cocmail check`: a warning. ``certificate``: as ssl tells it; None: without TLS."""
    if not certificate:
        return []
    left = (ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / 86_400
    if left > SOON:
        return []
    when = f"in {left:.0f} days" if left >= 1.5 else "within two days"
    return [(None, f"{where}: its certificate ends {when}; the server needs a new one by then")]
