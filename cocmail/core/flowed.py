"""format=flowed undone (RFC 3676).

Owns soft line breaks, space-stuffing, quote depth and DelSp. Refuses to know which parts are
flowed. Called by core.mail and core.opening.
"""

from __future__ import annotations


def unflow(text: str, *, delete_space: bool) -> str:
    """Paragraphs on one line each. Quoted lines keep their marks, as ``>> text``."""
    out: list[str] = []
    pieces: list[str] = []  # the paragraph being joined
    depth = 0

    def finish() -> None:
        if pieces:
            out.append(_quoted("".join(pieces), depth))
            pieces.clear()

    for line in text.split("\n"):
        content = line.lstrip(">")
        level = len(line) - len(content)
        if content.startswith(" "):
            content = content[1:]  # section 4.4: space-stuffing
        if level != depth or content == "-- ":
            finish()  # section 4.5: a paragraph ends where the depth changes; so do we
            depth = level
        soft = content.endswith(" ") and content != "-- "  # section 4.3: signature line
        pieces.append(content[:-1] if soft and delete_space else content)
        if not soft:
            finish()
    finish()
    return "\n".join(out)


def _quoted(line: str, depth: int) -> str:
    if not depth:
        return line
    return f"{'>' * depth} {line}" if line else ">" * depth
