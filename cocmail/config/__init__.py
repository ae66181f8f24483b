"""The configuration: cocmail.toml as frozen settings, every mistake said at once.

    settings = load(find(None))

Owns the reading of the file and of the secrets that it names. Refuses to touch a server. The
rooms: ``tables`` (every key), ``values`` (their kinds), ``checks`` (what must agree), ``loading``,
``lines`` (where a key stands), ``secrets``, ``sample`` (the file that `cocmail init` writes).
Called by the command line, which hands the settings to the daemon.
"""

from cocmail.config.checks import warnings
from cocmail.config.errors import ConfigurationError
from cocmail.config.loading import DEFAULT, VARIABLE, find, load, parse
from cocmail.config.secrets import Secret
from cocmail.config.settings import NOT_YET, Settings

__all__ = [
    "DEFAULT",
    "NOT_YET",
    "VARIABLE",
    "ConfigurationError",
    "Secret",
    "Settings",
    "find",
    "load",
    "parse",
    "warnings",
]
