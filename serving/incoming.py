"""A model on its way in: tried in a process of its own, then read, all beside the event loop; the old one serves meanwhile."""

import threading
from concurrent.futures import Future
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from training.bundle import Bundle, read_bundle
from training.canary import try_out


class Incoming:
    """The newest bundle that was asked for. Used from the event loop; the work is done in a thread of its own."""

    def __init__(self, public_key: Ed25519PublicKey) -> None:
        self.public_key = public_key
        self._name = ""
        self._coming: Future[Bundle] | None = None

    def begin(self, name: str, folder: Path) -> None:
        """Bring this one; whichever was on its way before is forgotten."""
        self._name, self._coming = name, Future()
        threading.Thread(target=self._bring, args=(folder, self._coming), name="incoming", daemon=True).start()

    def _bring(self, folder: Path, coming: "Future[Bundle]") -> None:
        try:
            try_out(folder, self.public_key)
            coming.set_result(read_bundle(folder, self.public_key))
        except BaseException as error:  # noqa: BLE001 - told to whoever takes it
            coming.set_exception(error)

    def here(self) -> "tuple[str, Future[Bundle]] | None":
        """Name and outcome of the one that was asked for, once, when it is there."""
        if self._coming is None or not self._coming.done():
            return None
        found, self._coming = (self._name, self._coming), None
        return found
