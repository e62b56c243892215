"""State that a transaction on a server read or changed: held until the commit, then written once, in the order of keys."""

from typing import TypeAlias

Pair: TypeAlias = tuple[str, str]
"""kind and key of a row of state"""


class HeldState:
    """Rows of state that a transaction read or changed. Undone with a savepoint, written before the commit."""

    def __init__(self) -> None:
        self.known: dict[Pair, bytes | None] = {}
        self.changed: set[Pair] = set()
        self.written = True
        self._undo: list[tuple[Pair, bytes | None, bool]] = []
        self._marks: list[int] = []

    def clear(self) -> None:
        self.known.clear()
        self.changed.clear()
        self._undo.clear()
        self._marks.clear()
        self.written = True

    def put(self, pair: Pair, folded: bytes) -> None:
        """A new value; its old one must be known."""
        self._undo.append((pair, self.known[pair], pair in self.changed))
        self.known[pair] = folded
        self.changed.add(pair)
        self.written = False

    def mark(self) -> None:
        self._marks.append(len(self._undo))

    def release(self) -> None:
        self._marks.pop()

    def back(self) -> None:
        """To the last mark. What was written since then is gone from the table too, so all of it is written again."""
        mark = self._marks.pop()
        while len(self._undo) > mark:
            pair, folded, changed = self._undo.pop()
            self.known[pair] = folded
            if not changed:
                self.changed.discard(pair)
        self.written = not self.changed
