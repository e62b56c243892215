"""Which rung answers: the full one, the order alone where no history comes in time, at last the merchant's default.

Whatever hangs or breaks, a checkout has its answer before the deadline, and the answer says from which rung and why.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import apsw
import orjson
from prometheus_client import Counter

from data.errors import DataError
from data.keeping.database import Connection
from serving.admission import Admission
from serving.resilience.allowance import Allowance
from serving.resilience.breaker import Breaker
from serving.resilience.lane import Lane, Late
from serving.web import http
from serving.web.http import Refusal
from serving.web.once import Repeated

T = TypeVar("T")
OVERLOADED, STORE_SLOW, STORE_FAILED, STORE_LEFT_ALONE, FAILED = (
    "overloaded", "store_slow", "store_failed", "store_left_alone", "failed",
)  # fmt: skip
CAUSES = (OVERLOADED, STORE_SLOW, STORE_FAILED, STORE_LEFT_ALONE, FAILED)
"""Why an answer is not from the full rung, as callers are told: too much at once; history not read in time, not to be read,
not asked for since it failed before; an error of ours or of the model."""
RUNGS = Counter("rto_rungs_total", "Orders answered, by the rung that answered and why", ["rung", "degraded"])


@dataclass(frozen=True, slots=True)
class Rungs(Generic[T]):
    """What each rung would answer. full: reads.  order_only, default: read nothing; they are told why they are asked.
    aside: order_only is much work, to be done beside the event loop."""

    full: Callable[[Connection], T]
    order_only: Callable[[str], T]
    default: Callable[[str], T]
    aside: bool = False


def of_store(error: BaseException) -> bool:
    """Did the database break, not the order, the model or our code?"""
    if isinstance(error, DataError):
        return error.code.startswith(("DB", "STATE"))
    return isinstance(error, apsw.Error | OSError)


class Ladder:
    """Used from the event loop."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self.admission = Admission(allowance.most_ahead, allowance.late_s)

    async def answer(self, lane: Lane, breaker: Breaker, rungs: Rungs[T], until: float) -> T:
        """From the highest rung that answers. until: when the full one must have. Raises Refusal and Repeated of it."""
        loop = asyncio.get_running_loop()
        if not breaker.lets(loop.time()):
            return await self._lower(rungs, STORE_LEFT_ALONE)
        if not await self._begins(lane, rungs, until):
            return rungs.default(OVERLOADED)
        try:
            found = await lane.run(rungs.full, until)
        except (Refusal, Repeated):
            breaker.worked(loop.time())
            raise
        except Late as late:
            if not late.stuck or self.admission.pressed(loop.time()):
                return rungs.default(OVERLOADED)
            breaker.failed(loop.time())
            cause = STORE_SLOW
        except Exception as error:  # noqa: BLE001 - logged by its place; the next rung answers and says so
            log_failure(error)
            cause = STORE_FAILED if of_store(error) else FAILED
            (breaker.failed if of_store(error) else breaker.worked)(loop.time())
        else:
            breaker.worked(loop.time())
            return found
        finally:
            self.admission.end()
        return await self._lower(rungs, cause)

    async def _begins(self, lane: Lane, rungs: Rungs[T], until: float) -> bool:
        """Is there room for one more, or will there be in a moment? Without shedding there always is."""
        loop, sheds = asyncio.get_running_loop(), self.allowance.sheds

        def fits() -> bool:
            """Where nobody waits it may be tried: else nothing would be learned."""
            return not lane.waiting or lane.expected_s(rungs.full) <= self.allowance.line_s(until - loop.time())

        if not sheds:
            self.admission.within += 1
        return not sheds or await self.admission.lets(fits, self.allowance.turned_away_s)

    async def _lower(self, rungs: Rungs[T], because: str) -> T:
        try:
            return await asyncio.to_thread(rungs.order_only, because) if rungs.aside else rungs.order_only(because)
        except Refusal:
            raise
        except Exception as error:  # noqa: BLE001 - logged by its place; the last rung answers and says so
            log_failure(error)
            return rungs.default(because)


def log_failure(error: BaseException, decision_id: str = "") -> None:
    """By its place, never by what it said."""
    http.LOG.error(orjson.dumps({"fallback": decision_id, "failed": http.place_of(error)}).decode())
