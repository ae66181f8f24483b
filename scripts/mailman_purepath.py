"""Lets Mailman 3.3.10 run on Python 3.13: it enters paths as context managers, which went away.

Owns nothing but that; without it `POST /members` answers 400 and subscribes all the same.
Copied into `.venv-mailman` by scripts/environment.py and loaded there at every start.
"""

import pathlib
import sys

if sys.version_info >= (3, 13):

    def _enter(self):
        return self

    def _exit(self, *exception):
        return None

    pathlib.PurePath.__enter__ = _enter
    pathlib.PurePath.__exit__ = _exit
