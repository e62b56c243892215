"""One figure that a made-up market is judged by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marginal:
    """One figure. In band if `least <= value <= most`; a figure that could not be measured is NaN and out of band."""

    name: str
    value: float
    least: float
    most: float
    source: str

    @property
    def in_band(self) -> bool:
        """Whether the figure is as it should be."""
        return bool(self.least <= self.value <= self.most)
