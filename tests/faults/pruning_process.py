"""Prunes old orders, and is killed by itself, as by a crash, when the pruning says that it is at a stage.

python -m tests.faults.pruning_process HOME POOL DAYS STAGE
"""

import os
import signal
import sys
from pathlib import Path

from data.pool import Pool
from serving.keeping.retention import Keep, prune
from tests.helpers.installation import NOW

home, pool, days, stage = sys.argv[1:]


def die(what: str, *_: int) -> None:
    if what == stage:
        os.kill(os.getpid(), signal.SIGKILL)


prune(Pool(Path(home), pool), Keep(int(days), None), NOW, die)
