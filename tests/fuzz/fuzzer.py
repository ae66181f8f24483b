"""One target under atheris, in a process of its own: ``python -m tests.fuzz.fuzzer NAME OPTION…``.

What of cocmail the target reads is made to tell which ways it goes, so that bytes which go a new
way are kept and changed further. The options are libFuzzer's. Needs `.venv-fuzz`; called by
`make fuzz`.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

with atheris.instrument_imports(include=["cocmail.core", "cocmail.adapters", "cocmail.loops"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    target = TARGETS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target.tried)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
