"""The table of effects that is shipped. Every number is an assumption: the sources are vendors' claims, and no
randomised study is known. It carries a version, and logged outcomes are meant to replace it.

Adding an action is adding a row here at the place its harshness gives it, and its cost or discount in `economics.py`.
"""

from fractions import Fraction

from data.contract import Action
from serving.decisions.effects import ONE, Effect, Effects, PerCause, Range, shares


def _within(part: str, table: str, less: str, more: str) -> Range:
    """The table from `less` times to `more` times itself, never above 1."""
    middle = shares(table)
    low, high = (
        PerCause(**{kind: min(ONE, share * Fraction(times)) for kind, share in vars(middle).items()})
        for times in (less, more)
    )
    return Range(part, low, high)


_DELIVERED = ".30 .85 .70 .80 0 1"
_DELIVERED_RANGE = Range("delivered_if_paid", shares(".10 .70 .50 .60 0 1"), shares(".55 .95 .85 .92 .40 1"))
"""Of would-be RTOs who pay. Where the risk if prepaid is known it is used instead."""

# Columns: fake, refusal, address, unreachable, courier, good.
DEFAULT_EFFECTS = Effects(
    version="effects-2",
    # ClickPost 2019, reasons of 300,000 COD RTOs: refused 52, unreachable 20, address 10, no attempt 3, other 15 %.
    # "Other" is taken for fake orders. Assumed to hold for every order alike.
    cause_mix=shares(".15 .52 .10 .20 .03 0"),
    rows=(
        Effect(Action.ALLOW_COD, assumed=False),
        # An offer that can be ignored: every good order is still shipped. About 17 % take it up; vendors claim 15-30 %.
        Effect(
            Action.PREPAID_NUDGE,
            pays=shares(".01 .08 .15 .15 .18 .20"),
            delivered_if_paid=shares(_DELIVERED),
            ranges=(_within("pays", ".01 .08 .15 .15 .18 .20", "0.5", "1.5"), _DELIVERED_RANGE),
        ),
        # Assumed: a message with two buttons. Six of ten read and answer it; it repairs addresses well and talks hardly
        # anybody out of an order. Nobody publishes more than "messages are mostly read".
        Effect(
            Action.CONFIRM_MESSAGE,
            reached=shares(".20 .50 .45 .30 .60 .60"),
            cancels=shares(".60 .25 0 .03 .01 .01"),
            repaired=shares("0 .05 .45 .25 0 0"),
            ranges=(
                _within("reached", ".20 .50 .45 .30 .60 .60", "0.5", "1.5"),
                _within("cancels", ".60 .25 0 .03 .01 .01", "0.4", "1.6"),
                _within("repaired", "0 .05 .45 .25 0 0", "0.2", "1.8"),
            ),
        ),
        # Two or three of 200 good orders are lost by the call. Vendors claim 10-35 % fewer RTOs among called orders.
        Effect(
            Action.CONFIRM_CALL,
            reached=shares(".35 .70 .70 .50 .70 .75"),
            cancels=shares(".80 .35 0 .05 .02 .02"),
            repaired=shares("0 .10 .60 .35 0 0"),
            ranges=(
                _within("reached", ".35 .70 .70 .50 .70 .75", "0.7", "1.25"),
                Range("cancels", shares(".50 .15 0 0 0 .005"), shares(".90 .50 .05 .10 .05 .05")),
                Range("repaired", shares("0 .02 .30 .15 0 0"), shares("0 .20 .80 .50 .10 0")),
            ),
        ),
        # Assumed: Rs 99 or so up front, the rest in cash. "RTO -60-70 %" is one vendor's claim (penguincod); that more
        # than half of the good buyers go along is nobody's.
        Effect(
            Action.PARTIAL_PREPAID,
            pays=shares(".02 .22 .45 .45 .55 .55"),
            delivered_if_paid=shares(".25 .70 .45 .55 0 1"),
            cod_withdrawn=True,
            ranges=(
                _within("pays", ".02 .22 .45 .45 .55 .55", "0.5", "1.5"),
                Range("delivered_if_paid", shares(".05 .45 .20 .30 0 1"), shares(".50 .90 .70 .80 .40 1")),
            ),
        ),
        # Without COD 28 % of good buyers still buy; one vendor reports losing "up to 75 %" of transactions.
        Effect(
            Action.PREPAID_ONLY,
            pays=shares(".01 .10 .25 .25 .28 .28"),
            delivered_if_paid=shares(_DELIVERED),
            cod_withdrawn=True,
            ranges=(_within("pays", ".01 .10 .25 .25 .28 .28", "0.5", "1.8"), _DELIVERED_RANGE),
        ),
    ),
    paying_causal_share=Fraction("0.85"),  # assumed; to be learned from nudged orders
    paying_causal_range=(Fraction("0.5"), ONE),
)
