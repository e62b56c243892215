"""Every check, in the order of their numbers."""

from data.checks.check import Check, Suite
from data.checks.labels import LABEL_CHECKS
from data.checks.news import NEWS_CHECKS
from data.checks.orders import ORDER_CHECKS

CHECKS: tuple[Check, ...] = (*ORDER_CHECKS, *NEWS_CHECKS, *LABEL_CHECKS)
BY_CODE = {check.code: check for check in CHECKS}


def checks_of(suite: Suite) -> tuple[Check, ...]:
    """The checks that read this frame."""
    return tuple(check for check in CHECKS if check.suite is suite)
