"""Erases whoever a handle names, and is killed by itself, as by a crash, when the erasure says that it is at a stage.

python -m tests.faults.erasing_process HOME POOL MERCHANT KIND PSEUDONYM STAGE [DATABASE_URL]
"""

import os
import signal
import sys
from pathlib import Path

from data.keeping.server import keep_on_server
from data.keeping.traces import Subject
from data.pool import Pool
from serving.keeping.erasing import erase
from tests.helpers.installation import NOW

home, pool, merchant, kind, pseudonym, stage, *url = sys.argv[1:]
keep_on_server(url[0] if url else None)


def die(what: str, *_: int) -> None:
    if what == stage:
        os.kill(os.getpid(), signal.SIGKILL)


erase(Pool(Path(home), pool), Subject(frozenset({(kind, int(pseudonym))}), frozenset({merchant})), NOW, die)
