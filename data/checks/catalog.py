"""Every check, in the order of their numbers."""

from data.checks.check import Check, Suite
from data.checks.doubles import DOUBLES_CHECKS
from data.checks.drift import DRIFT_CHECKS, OUTCOME_DRIFT_CHECKS
from data.checks.labels import LABEL_CHECKS
from data.checks.mix import MIX_CHECKS
from data.checks.news import NEWS_CHECKS
from data.checks.orders import ORDER_CHECKS
from data.checks.sequences import SEQUENCE_CHECKS
from data.checks.stage import STAGE_CHECKS
from data.checks.volume import VOLUME_CHECKS

OF_ORDERS = (*ORDER_CHECKS, *DOUBLES_CHECKS, *VOLUME_CHECKS, *MIX_CHECKS, *DRIFT_CHECKS)
OF_NEWS = (*NEWS_CHECKS, *SEQUENCE_CHECKS)
OF_OUTCOMES = (*LABEL_CHECKS, *STAGE_CHECKS, *OUTCOME_DRIFT_CHECKS)

CHECKS: tuple[Check, ...] = (*OF_ORDERS, *OF_NEWS, *OF_OUTCOMES)
BY_CODE = {check.code: check for check in CHECKS}


def checks_of(suite: Suite) -> tuple[Check, ...]:
    """The checks that read this frame."""
    return tuple(check for check in CHECKS if check.suite is suite)
