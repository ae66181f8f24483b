"""Where the files are that ship beside the code: ``filters/`` and ``deploy/``.

Owns the search. In a source tree they stand beside the package (an editable install also keeps
copies, which grow old: the tree goes first); in an installed wheel they are shared data, which
importlib.metadata lists. Called by `cocmail init`.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import cocmail


def shipped(folder: str) -> tuple[Path, ...]:
    """The files of ``filters`` or ``deploy``, sorted; none where there is no such folder."""
    tree = Path(cocmail.__file__).resolve().parent.parent
    if (tree / "pyproject.toml").is_file():
        found = [path for path in (tree / folder).rglob("*") if path.is_file()]
    else:
        found = list(_installed(folder))
    return tuple(sorted(path for path in found if "__pycache__" not in path.parts))


def _installed(folder: str) -> list[Path]:
    try:
        listed = files("cocmail") or []
    except PackageNotFoundError:
        return []
    mark = ("share", "cocmail", folder)
    return [
        Path(str(one.locate())).resolve()
        for one in listed
        if any(one.parts[i : i + 3] == mark for i in range(len(one.parts)))
    ]
