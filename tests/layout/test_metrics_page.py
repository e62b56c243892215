"""Is every metric of the service on the page, with its labels, and none that there is not?"""

import re
from pathlib import Path

from prometheus_client import REGISTRY, Counter

import serving.api
import serving.shadow.shadow_watch

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
_ROW = re.compile(r"^\| `(rto_\w+)` \|([^|]*)\|", re.M)


def exported() -> dict[str, tuple[str, ...]]:
    """Name as scraped, and labels, of what the service counts itself."""
    assert serving.api, serving.shadow.shadow_watch
    ours = [one for one in REGISTRY._collector_to_names if getattr(one, "_name", "").startswith("rto_")]
    return {one._name + ("_total" if isinstance(one, Counter) else ""): tuple(one._labelnames) for one in ours}  # type: ignore[attr-defined]


def test_the_page_lists_what_is_exported() -> None:
    told = {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in _ROW.findall(PAGE.read_text())}
    assert told == exported()
    assert len(told) >= 7
