"""The goal table of the training lab, from what a backtest and a training run said: values, intervals, verdicts."""

from dataclasses import asdict, dataclass
from typing import Any

ORACLE, MODEL, LOGISTIC, WEEKLY = "oracle", "model", "logistic regression", "model, recalibrated weekly"
METRICS = {"auc": "AUC", "pr_auc": "PR-AUC", "log_loss": "log loss", "brier": "Brier", "ece": "ECE",
           "lift_at_10": "lift at 10 %", "slope": "slope", "intercept": "intercept"}  # fmt: skip
CALIBRATION_SLACK = 0.004


@dataclass(frozen=True, slots=True)
class Goal:
    """One row. sign: +1 if a higher value is better, -1 if a lower one is.  n: orders behind it."""

    what: str
    value: float
    low: float | None
    high: float | None
    goal: float
    stretch: float | None
    sign: int
    n: int
    digits: int = 4

    @property
    def verdict(self) -> str:
        if self.stretch is not None and self.sign * (self.value - self.stretch) >= 0:
            return "stretch"
        return "met" if self.sign * (self.value - self.goal) >= 0 else "missed"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"verdict": self.verdict}

    def cells(self) -> tuple[str, ...]:
        """what, value, interval, goal, stretch, verdict, n."""
        ends = "" if self.low is None else f"{self._text(self.low)} to {self._text(self.high)}"
        bound = "<= " if self.sign < 0 else ">= "
        stretch = "" if self.stretch is None else bound + self._text(self.stretch)
        return (
            self.what,
            self._text(self.value),
            ends,
            bound + self._text(self.goal),
            stretch,
            self.verdict,
            f"{self.n:,}",
        )

    def _text(self, value: float | None) -> str:
        return "" if value is None else f"{value:.{self.digits}f}"


def goals(backtest: dict[str, Any], gibberish: dict[str, Any], train: dict[str, float] | None) -> list[Goal]:
    """The rows of the issue's table, in its order."""
    cod = _cod(backtest["scopes"])
    beside, line = cod["against"][ORACLE], cod["against"][LOGISTIC]
    first = next(one for one in cod["slices"]["buyer"]["slices"] if one["name"] == "first orders")
    n = beside["n"]
    rows = [
        _row("AUC gap to the observable oracle", _negated(beside["auc"]), n, (0.012, 0.008), -1),
        _row("log loss above the oracle", beside["log_loss"], n, (0.010, 0.006), -1),
        _calibration(_cod(backtest["weekly"])),
        _row("lift at top 10 %, share of the oracle's", beside["lift_share"], n, (0.97, 0.99), 1),
        _row("first-order AUC gap", _negated(first["against"][ORACLE]["auc"]), first["n"], (0.015, 0.010), -1),
        _against("log loss against logistic on the same rows, upper end", line["log_loss"], n, -1),
        _against("AUC against logistic on the same rows, lower end", line["auc"], n, 1),
        _row(
            f"nonsense found at 1 % false alarms ({gibberish['score']})",
            gibberish,
            gibberish["n_nonsense"],
            (0.90, 0.97),
            1,
        ),
    ]
    if train is not None:
        rows += [
            Goal(
                f"rto train, wall seconds (CPU {train['cpu_s']:.0f})",
                train["wall_s"],
                None,
                None,
                120,
                60,
                -1,
                train["n"],
                0,
            ),
            Goal("rto train, peak GiB", train["peak_gib"], None, None, 4, None, -1, train["n"], 2),
        ]
    return rows


def _cod(scopes: list[dict[str, Any]]) -> dict[str, Any]:
    return next(scope for scope in scopes if scope["name"] == "COD only")


def _row(what: str, found: dict[str, Any], n: int, bounds: tuple[float, float], sign: int) -> Goal:
    return Goal(what, found["mean"], found["low"], found["high"], *bounds, sign, n)


def _against(what: str, found: dict[str, Any], n: int, sign: int) -> Goal:
    """Better beyond chance: the worse end of the paired interval is on the good side of 0."""
    return Goal(what, found["high" if sign < 0 else "low"], found["low"], found["high"], 0.0, None, sign, n, 5)


def _negated(found: dict[str, Any]) -> dict[str, Any]:
    """Oracle minus model instead of model minus oracle."""
    low, high = (None if found[end] is None else -found[end] for end in ("high", "low"))
    return {"mean": -found["mean"], "low": low, "high": high}


def _calibration(weekly: dict[str, Any]) -> Goal:
    ece, p95 = weekly["models"][WEEKLY]["ece"], weekly["models"][WEEKLY]["ece"]["floor_p95"]
    what = f"ECE, recalibrated weekly; floor mean {ece['floor_mean']:.4f}, p95 {p95:.4f}"
    return Goal(what, ece["mean"], ece["low"], ece["high"], p95 + CALIBRATION_SLACK, p95, -1, weekly["n"])


def models(backtest: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows of everybody beside the model, cash orders: name, metrics; intervals of the model and of the oracle."""
    rows = []
    for name, found in _cod(backtest["scopes"])["models"].items():
        rows.append((name, *(_mean(found[metric]) for metric in METRICS)))
        if name in (MODEL, ORACLE):
            rows.append(("95 %", *(_ends(found[metric]) for metric in METRICS)))
    return rows


def slices(backtest: dict[str, Any], most: int = 10) -> list[tuple[str, ...]]:
    """Rows of the model's slices, cash orders: title, name, n, RTO share, AUC, its gap to the oracle, said minus came."""
    rows = []
    for part in _cod(backtest["scopes"])["slices"].values():
        shown = part["slices"][:most] if len(part["slices"]) > 1 else []
        for one in shown:
            gap = one["against"][ORACLE]["auc"]
            told = (f"{one['n']:,}", f"{one['positives'] / one['n']:.1%}", _both(one["auc"]))
            rows.append((part["title"], one["name"], *told, _both(gap and _negated(gap)), _both(one["surplus"], "+")))
    return rows


def _both(found: dict[str, Any] | None, sign: str = "") -> str:
    """A figure and its interval."""
    if found is None:
        return "-"
    ends = "" if found["low"] is None else f" ({found['low']:{sign}.3f} to {found['high']:{sign}.3f})"
    return f"{found['mean']:{sign}.4f}{ends}"


def _mean(found: dict[str, Any] | None) -> str:
    return "-" if found is None else f"{found['mean']:.4f}"


def _ends(found: dict[str, Any] | None) -> str:
    return "" if found is None or found["low"] is None else f"{found['low']:.4f} to {found['high']:.4f}"
