"""Holds the write lock of a database until its standard input ends, as a long `rto state rebuild` does.

python -m tests.faults.locking_process DATABASE
"""

import sys
from pathlib import Path

from data.keeping.database import immediate, open_database

if __name__ == "__main__":
    with immediate(open_database(Path(sys.argv[1]))):
        print("held", flush=True)
        sys.stdin.read()
