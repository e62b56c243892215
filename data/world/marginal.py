"""One figure that a made-up market is judged by."""

from dataclasses import dataclass, replace

USUAL_SIZE = 200_000
"""Orders for which bands were set; larger markets scatter less."""
DEVIATIONS = 2.5
"""How many of a figure's deviations over seeds a band leaves on either side, at any size: one in eighty is beyond."""


@dataclass(frozen=True, slots=True)
class Marginal:
    """One figure. In band if `least <= value <= most`; a figure that could not be measured is NaN and out of band.

    scatter: its standard deviation over seeds at `USUAL_SIZE`, measured on `network`; 0 where size does not matter.
    judged: whether the market has orders enough to say anything.
    """

    name: str
    value: float
    least: float
    most: float
    source: str
    scatter: float = 0.0
    judged: bool = True

    @property
    def in_band(self) -> bool:
        """Whether the figure is as it should be."""
        return bool(self.least <= self.value <= self.most)

    @property
    def verdict(self) -> str:
        """in band, OUT, or too few orders."""
        return "too few orders" if not self.judged else "in band" if self.in_band else "OUT"


def at_size(figure: Marginal, n_orders: int) -> Marginal:
    """The figure with its band as wide as a market of `n_orders` needs, and not judged where that would more than double it."""
    more = max((USUAL_SIZE / n_orders) ** 0.5 - 1, 0.0)
    room = DEVIATIONS * figure.scatter * more
    judged = 2 * room <= figure.most - figure.least and (figure.value == figure.value or not more)
    return replace(figure, least=figure.least - room, most=figure.most + room, judged=judged)
