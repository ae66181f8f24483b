"""The sink, read as people read their mail: by kind, by recipient, from a moment on.

Owns those two questions. Knows nothing of the plot. Called by the acts.
"""

from collections.abc import Iterable

from cocmail.demo.stage import Stage
from cocmail.lab.sink import Caught

PATIENCE = 60.0


class Post:
    """The mail that leaves the daemon from now on."""

    def __init__(self, stage: Stage) -> None:
        self._sink = stage.sink
        self._from = len(stage.sink.messages)

    def to(self, address: str, kind: str, *, containing: str = "") -> Caught:
        """The first mail of that kind to that address; waits for it."""

        def fits(caught: Caught) -> bool:
            return (
                caught.is_for(address)
                and caught.header("Cocmail-Kind") == kind
                and folded(containing) in folded(caught.text)
            )

        what = f"a mail of kind {kind} to {address}"
        return self._sink.wait_for(fits, PATIENCE, after=self._from, what=what)

    def each(self, addresses: Iterable[str], kind: str, *, containing: str = "") -> list[Caught]:
        return [self.to(address, kind, containing=containing) for address in addresses]

    def so_far(self, address: str) -> list[Caught]:
        """All that has come to that address by now."""
        return [one for one in self._sink.messages[self._from :] if one.is_for(address)]


def folded(text: str) -> str:
    """Without line breaks and quote marks: what a reader reads, however it was wrapped."""
    return " ".join(text.replace("\n>", "\n").split()).lower()
