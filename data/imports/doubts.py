"""What looks wrong in files before their orders are kept: one shape for all of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One thing that looks wrong. found: the evidence, without personal values."""

    name: str
    found: str
    why: str
    to_do: str

    def __str__(self) -> str:
        return f"LOOKS WRONG {self.name}: {self.found}\n  to do     {self.to_do}"
