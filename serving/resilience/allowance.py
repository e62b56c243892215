"""How long a score may take and how many may be on their way: what keeps a checkout from waiting for us."""

from dataclasses import dataclass, replace

DEADLINE_S = 0.08
_FOR_THE_LADDER, _FOR_THE_LINE, _FOR_THE_ANSWER, _FOR_A_BEAT, _FOR_ROOM = 0.65, 0.5, 0.05, 0.2, 0.1
"""Parts of the deadline: to read and judge at most; to stand in line and be judged as far as can be foreseen; to word and
send what was found; for the event loop to be late; to wait for room."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """deadline_s: from the whole request to its answer.  log_s: of that, how long to wait for the decision to be on disk.

    most_ahead: scores on their way at once, in all pools; whoever comes then is answered at once from the lowest rung.
    failures: in a row after which a dependency is left alone for a while.  sheds: are those in excess answered at once?
    """

    deadline_s: float = DEADLINE_S
    log_s: float = 0.1
    most_ahead: int = 64
    failures: int = 5
    sheds: bool = True

    def waiting(self, log_s: float | None) -> "Allowance":
        """The same, but so long for the disk, and for the whole answer if that is more."""
        return self if log_s is None else replace(self, deadline_s=max(self.deadline_s, log_s), log_s=log_s)

    @property
    def full_s(self) -> float:
        """How long after its arrival the full rung may still answer: the next one needs a few milliseconds."""
        return self.deadline_s * _FOR_THE_LADDER

    @staticmethod
    def line_s(left_s: float) -> float:
        """How long it may be expected to take where so long is left for the full rung: expectations are exceeded."""
        return left_s * _FOR_THE_LINE / _FOR_THE_LADDER

    @property
    def late_s(self) -> float:
        """An event loop that is later has too much to do (`admission.py`)."""
        return self.deadline_s * _FOR_A_BEAT

    @property
    def turned_away_s(self) -> float:
        """After so long without room for one more it is answered from the lowest rung."""
        return self.deadline_s * _FOR_ROOM

    def log_until(self, arrived: float) -> float:
        """The moment from which an answer no longer waits for the disk. arrived: as the loop's clock."""
        return arrived + self.deadline_s * (1 - _FOR_THE_ANSWER)


USUAL = Allowance()
