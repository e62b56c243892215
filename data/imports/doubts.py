"""What looks wrong in files before their orders are kept: one shape for all of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One thing that looks wrong. found: the evidence, without personal values.

    is_question: all may be well; a person has to say.
    """

    name: str
    found: str
    why: str
    to_do: str
    is_question: bool = False

    def __str__(self) -> str:
        return f"{self.heading} {self.name}: {self.found}\n  to do     {self.to_do}"

    @property
    def heading(self) -> str:
        """What a person reads first."""
        return "QUESTION" if self.is_question else "LOOKS WRONG"
