"""What the monitor looks at and from where it raises an alarm: every threshold with its reason, read from TOML."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from training.plan import read_plan


class MonitorPlan(BaseModel):
    """Spans in days, sizes from which a change is worth a look, and how sure one must be. Reasons: docs/monitoring.md.

    An alarm needs both: the change is larger than its size, and chance at this many orders does not explain it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recent_days: int = Field(default=28, ge=7, le=365)
    proxy_days: int = Field(default=14, ge=7, le=365)
    proxy_horizon_days: float = Field(default=5.0, gt=0, le=30)
    fewest_orders: int = Field(default=200, ge=50)
    fewest_outcomes: int = Field(default=20, ge=5)
    confidence: float = Field(default=0.99, ge=0.9, lt=1)
    psi: float = Field(default=0.25, gt=0)
    part_off: float = Field(default=0.10, gt=0)
    missing_off: float = Field(default=0.20, gt=0, le=1)
    rto_share_off: float = Field(default=0.20, gt=0, le=1)
    auc_off: float = Field(default=0.03, gt=0, le=0.5)
    proxy_off: float = Field(default=0.10, gt=0, le=1)
    calibration_off: float = Field(default=0.10, gt=0, le=1)
    slope_off: float = Field(default=0.20, gt=0, le=1)
    seed: int = Field(default=7, ge=0, lt=2**31)


def load_monitor_plan(path: Path | None) -> MonitorPlan:
    """The thresholds in a TOML file, or the default ones. Raises PlanError naming the key that is wrong."""
    return read_plan(MonitorPlan, path, "training/plans/monitor.toml")
