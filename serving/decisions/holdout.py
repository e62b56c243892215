"""The random holdout: a small share of buyers' checkouts where the policy does not act, drawn once and for all by checkout.

The draw is a hash of the merchant and the checkout (or order), so every stage of one checkout gives the same arm and nothing
need be remembered. Lists and what a person decided come before it: a block-listed order is never in the holdout.
"""

import hashlib
from dataclasses import dataclass
from fractions import Fraction

DEFAULT_HOLDOUT = Fraction(5, 100)
"""Of a published policy that says nothing else."""
HOLDOUT, POLICY = "holdout", "policy"
_DRAWS = 1 << 64


@dataclass(frozen=True, slots=True)
class Experiment:
    """holdout: share of checkouts not acted on.  name: another name draws others, as for an experiment begun anew."""

    holdout: Fraction = DEFAULT_HOLDOUT
    name: str = "holdout"

    def arm(self, merchant_id: str, subject: str) -> str:
        """The arm of one checkout, the same whenever it is asked for.

        >>> Experiment(Fraction(1)).arm("acme", "c-1"), Experiment(Fraction(0)).arm("acme", "c-1")
        ('holdout', 'policy')
        """
        told = "\x1f".join((self.name, merchant_id, subject)).encode()
        drawn = int.from_bytes(hashlib.sha256(told).digest()[:8], "big")
        return HOLDOUT if drawn < self.holdout * _DRAWS else POLICY

    def propensity(self, arm: str, wanted_ships: bool) -> float:
        """The chance of what was advised. wanted_ships: both arms advise plain shipping, so nothing hung on the draw."""
        if wanted_ships:
            return 1.0
        return float(self.holdout if arm == HOLDOUT else 1 - self.holdout)


NO_EXPERIMENT = Experiment(Fraction(0))
