"""Does the service do all that its OpenAPI document says, and refuse the rest? Thousands of generated requests ask it.

`RTO_CONTRACT_CASES` of each operation, by `RTO_CONTRACT_SEED`: `make contract` asks more.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from serving.access import SCOPES, Access
from tests.helpers.installation import NOW, SHOP, Installation, served

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "tests" / "helpers" / "schemathesis.toml"
CASES, SEED = os.environ.get("RTO_CONTRACT_CASES", "40"), os.environ.get("RTO_CONTRACT_SEED", "7")


def test_schemathesis_finds_nothing(own: Installation) -> None:
    access = Access(own.home)
    _, secret = access.create(SHOP, SCOPES, NOW)
    access.connection.close()
    with served(own) as client:
        told = asked(str(client.base_url), secret, own.home)
    assert told.returncode == 0, told.stdout[-6_000:]
    generated = re.search(r"(\d+) generated", told.stdout)
    assert generated, told.stdout[-2_000:]
    assert int(generated[1]) > 20 * int(CASES)


def asked(url: str, secret: str, at: Path) -> "subprocess.CompletedProcess[str]":
    """What `st run` says."""
    words = [
        str(Path(sys.executable).with_name("st")),
        "--config-file",
        str(CONFIG),
        "run",
        f"{url}/openapi.json",
        "--checks",
        "all",
    ]
    words += ["--max-examples", CASES, "--seed", SEED, "--no-shrink", "--continue-on-failure", "--warnings", "off"]
    words += ["-H", f"Authorization: Bearer {secret}"]
    about = os.environ | {
        "SCHEMATHESIS_HOOKS": "tests.helpers.contract_hooks",
        "RTO_CONTRACT_MERCHANT": SHOP,
        "NO_COLOR": "1",
    }
    about |= {"PYTHONPATH": str(ROOT)}
    return subprocess.run(words, capture_output=True, text=True, check=False, env=about, cwd=at)
