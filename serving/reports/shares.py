"""A share of orders and how sure it is."""

from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class Share:
    """`rto` of `n` orders with an outcome came back."""

    n: int = 0
    rto: int = 0

    def __add__(self, other: "Share") -> "Share":
        return Share(self.n + other.n, self.rto + other.rto)

    @property
    def share(self) -> float | None:
        """RTO share, None without orders."""
        return self.rto / self.n if self.n else None

    @property
    def low(self) -> float:
        """Low end of the 95 % interval."""
        return wilson(self.rto, self.n)[0]

    @property
    def high(self) -> float:
        """High end of the 95 % interval."""
        return wilson(self.rto, self.n)[1]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953); (0, 1) without orders."""
    if n == 0:
        return 0.0, 1.0
    p, z2 = hits / n, Z95 * Z95
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == n else middle + half)
