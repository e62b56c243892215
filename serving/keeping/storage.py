"""What routes that are no scores read and write: beside the event loop, and not for ever."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from data.keeping.database import Connection
from serving.desk import Desk
from serving.keeping.writer import Busy
from serving.web.http import Refusal
from serving.web.once import Said

T = TypeVar("T")
PATIENCE_S = 5.0
"""After this it is answered with 503; what was to be written may still be: sent again it is the same."""


async def read(desk: Desk, work: Callable[[Connection], T]) -> T:
    """What is read beside the event loop and beside the scores. Raises Late if the database does not answer."""
    return await desk.others.run(work, asyncio.get_running_loop().time() + PATIENCE_S)


async def written(desk: Desk, job: Callable[[Connection], Said]) -> Said:
    """The answer of a job, after the commit that holds it. Raises Refusal 503 where that does not come."""
    try:
        writing = asyncio.wrap_future(desk.writer.submit(job))
    except Busy:
        raise Refusal(503, "busy", "too many writes are waiting; try again") from None
    writing.add_done_callback(lambda one: one.cancelled() or one.exception())  # nobody may be waiting by then
    await asyncio.wait({writing}, timeout=PATIENCE_S)
    if not writing.done():
        raise Refusal(503, "storage", "what is kept here cannot be written now; try again")
    return writing.result()
