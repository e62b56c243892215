"""Bundles beside the published one, signed with the installation's own key."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.helpers.installation import Installation
from training.bundle import FILES, FORMAT, read_bundle, rewrite_calibrator, signing_key


def another(own: Installation, name: str, called: str) -> None:
    """The champion's trees under another name and digest, not published yet. called: by answers."""
    key = signing_key(own.home)
    source = own.pool.bundles / own.pool.champion.read_text().strip()
    calibrator = read_bundle(source, key.public_key()).calibrator
    rewrite_calibrator(source, own.pool.bundles / name, calibrator, {"name": called}, key)


def sign(folder: Path, key: Any) -> None:
    """Vouch for the files as they are, whatever became of them: what no digest can tell."""
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    manifest = json.dumps({"format": FORMAT, "files": digests}).encode()
    (folder / "MANIFEST.json").write_bytes(manifest)
    (folder / "SIGNATURE").write_bytes(key.sign(manifest))
