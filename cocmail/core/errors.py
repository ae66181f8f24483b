"""What can go wrong, told by who acts next.

Owns the three kinds of error that cross a room's door. Adapters translate their libraries'
exceptions into these once; loops decide by kind and never by message. No text here may hold a
name, an address or a line of mail: it can reach a log.
"""


class CocmailError(Exception):
    """Any error of ours. Its text is one line, fit for a log and for an operator."""


class Temporary(CocmailError):
    """We try again by ourselves, after a delay."""


class Away(Temporary):
    """The server that it takes is not there: no use to try with anything else meanwhile."""


class Full(Temporary):
    """The store's disk has no room for it."""


class Permanent(CocmailError):
    """Trying again is of no use; a human must act."""


class SoundnessError(Permanent):
    """What we keep is not as we left it (a broken chain, a missing key): stop and tell."""
