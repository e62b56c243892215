"""`python -m training.canary FOLDER KEY`: a process that reads a bundle and reproduces its golden rows, and then ends.

What a bundle can do to a process that reads it, it does to this one: crash it, fill its memory, never end. The service asks
it before it puts a new model in the place of the one that serves.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data.errors import GateRefused

PATIENCE_S = 60.0
MOST_MEMORY = 4 * 2**30
"""Bytes of address space: the libraries alone map more than one GiB."""
_SETTINGS = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")
_REFUSED = 3


def try_out(folder: Path, public_key: Ed25519PublicKey, patience_s: float = PATIENCE_S) -> None:
    """Raises GateRefused: as `read_bundle` does, or MODEL007 where the process died or did not end in time."""
    command = [sys.executable, "-m", "training.canary", str(folder.resolve()), public_key.public_bytes_raw().hex()]
    kept = {name: os.environ[name] for name in _SETTINGS if name in os.environ}
    here = kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        done = subprocess.run(command, env=here, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=patience_s, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _died(folder, f"a process that had not read it in {patience_s:g} s") from None
    if done.returncode == _REFUSED:
        told = json.loads(done.stdout)
        raise GateRefused(told.pop("code"), told.pop("where"), **told)
    if done.returncode < 0:
        raise _died(folder, f"a process that ended by {signal.Signals(-done.returncode).name}")
    if done.returncode:
        raise _died(folder, f"a process that ended with {done.returncode}")


def _died(folder: Path, got: str) -> GateRefused:
    to_do = "the model that serves goes on; train again, and report it if that is refused too"
    return GateRefused("MODEL007", str(folder), got=got, expected="a bundle that can be read", to_do=to_do)


def main() -> int:
    """Read and check; what was refused is told on stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from training.bundle import read_bundle

    folder, key = sys.argv[1:]
    try:
        read_bundle(Path(folder), Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)))
    except GateRefused as error:
        told = {name: getattr(error, name) for name in ("code", "where", "got", "expected", "to_do")}
        print(json.dumps(told))
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
