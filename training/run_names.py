"""How a run is called: by an alias, by its version, by the start of its id; and who was champion before. All pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.errors import UsageError

CHAMPION, CHALLENGER = "champion", "challenger"

_SHORTEST_PREFIX = 6
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class RunRef:
    """A run whose model was registered: `version` counts up within the pool."""

    run_id: str
    version: str
    pool: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One line of `rto runs`. started: microseconds, the tracker's clock.  version: None if nothing was registered."""

    run_id: str
    started: int
    status: str
    version: str | None
    aliases: tuple[str, ...]
    digest: str | None
    cut: str | None
    n_test: int | None
    auc_all: float | None
    log_loss_all: float | None
    auc_cod: float | None
    log_loss_cod: float | None


def model_name(pool: str) -> str:
    """The registered model of a pool."""
    return f"rto-risk-{pool}"


def find(name: str, pool: str, versions: Mapping[str, str], aliases: Mapping[str, str]) -> RunRef:
    """The run called `name`. versions: version by run id, the newest first.  aliases: version by alias.

    Raises UsageError RUN001 if there is none, RUN002 if several begin so.
    """
    run_of = {version: run_id for run_id, version in versions.items()}
    wanted = aliases.get(name, name)
    if wanted in run_of:
        return RunRef(run_of[wanted], wanted, pool)
    fits = [run_id for run_id in versions if len(name) >= _SHORTEST_PREFIX and run_id.startswith(name)]
    if len(fits) == 1:
        return RunRef(fits[0], versions[fits[0]], pool)
    there = [*aliases, *(f"{version} (run {run_id[:8]})" for run_id, version in list(versions.items())[:_SHOWN])]
    raise UsageError(
        "RUN002" if fits else "RUN001",
        f"runs of pool {pool}",
        got=f"{name!r}, the start of {len(fits)} runs" if fits else repr(name),
        expected=f"one of {', '.join(there)}" if there else "a run, but none is recorded yet",
        to_do="see them all: rto runs" if there else "record one: rto train",
    )


def champions(kept: Sequence[str], now: str | None) -> list[str]:
    """Versions that were champion, the present one last.

    kept: as remembered.  now: who has the alias; it is the truth where an interruption parted the two.

    >>> champions(["1", "2", "3"], "2"), champions(["1"], "4"), champions(["1", "2"], None)
    (['1', '2'], ['1', '4'], ['1', '2'])
    """
    if now is None:
        return list(kept)
    last = max((i for i, version in enumerate(kept) if version == now), default=None)
    return [*kept, now] if last is None else list(kept[: last + 1])


def row_of(run: Any, version: str | None, aliases: Mapping[str, str]) -> RunRow:
    """The line of a tracked run. aliases: version by alias."""
    info, figures, tags = run.info, run.data.metrics, run.data.tags
    n_test = figures.get("all.n")
    return RunRow(
        info.run_id,
        info.start_time * 1_000,
        info.status,
        version,
        tuple(sorted(alias for alias, named in aliases.items() if named == version)),
        tags.get("digest"),
        run.data.params.get("cut"),
        None if n_test is None else int(n_test),
        *(figures.get(f"{scope}.model.{name}") for scope in ("all", "cod") for name in ("auc", "log_loss")),
    )
