"""The plan of a training run: everything that can be chosen, with its defaults, read from TOML."""

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from data.errors import PlanError
from features.catalog import feature_named

Depth: TypeAlias = Annotated[int, Field(ge=1, le=16)]
LineShare: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Penalty: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TreePlan(_Strict):
    """How trees are grown, and the shares of the log-odds that a logistic line may have beside them; validation decides.

    line_shares: from 0, trees alone, to 1, the line alone; the first unless another is clearly better.
    """

    depths: tuple[Depth, ...] = Field(default=(2, 4), min_length=1)
    line_shares: tuple[LineShare, ...] = Field(default=(0.4, 0.0, 0.2, 0.6, 0.8, 1.0), min_length=1)
    learning_rate: float = Field(default=0.03, gt=0, le=1)
    max_trees: int = Field(default=1000, ge=1, le=20_000)
    patience: int = Field(default=40, ge=1)
    min_child_weight: float = Field(default=10.0, ge=0)
    l2: float = Field(default=5.0, ge=0)
    row_share: float = Field(default=0.8, gt=0, le=1)
    column_share: float = Field(default=0.6, gt=0, le=1)
    bins: int = Field(default=256, ge=2, le=65_536)
    signs: Literal["all", "firm"] = "all"


PLENTY = 100_000
"""Orders to learn from, from which on rates say more than levels, and trees can be deep and steep (docs/adr/0012)."""
PLENTIFUL = TreePlan(
    depths=(5,),
    line_shares=(0.2, 0.0, 0.1, 0.3),
    learning_rate=0.07,
    max_trees=800,
    patience=30,
    min_child_weight=30.0,
    l2=20.0,
    column_share=0.3,
    bins=64,
    signs="firm",
)
"""How trees are grown on plenty of orders, unless the plan says how."""


class Plan(_Strict):
    """One training run. `test_share` of the matured orders, the newest, are the untouched future.

    trees: as told; if not told, it depends on how many orders there are to learn from (`for_orders`).
    """

    test_share: float = Field(default=0.3, gt=0, lt=0.9)
    early_stop_share: float = Field(default=0.15, gt=0, lt=0.5)
    calibrate_share: float = Field(default=0.15, gt=0, lt=0.5)
    minimum_orders: int = Field(default=200, ge=50)
    leave_out: tuple[str, ...] = ()
    linear_penalties: tuple[Penalty, ...] = Field(default=(3.0, 10.0, 30.0, 100.0, 300.0), min_length=1)
    trees: TreePlan = TreePlan()
    seed: int = Field(default=7, ge=0, lt=2**31)

    def for_orders(self, n: int) -> "Plan":
        """The plan for `n` orders to learn from, with its trees told."""
        if "trees" in self.model_fields_set:
            return self
        return self.model_copy(update={"trees": PLENTIFUL if n >= PLENTY else self.trees})

    @field_validator("leave_out")
    @classmethod
    def _features(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                feature_named(name)
            except KeyError:
                raise ValueError(f"no feature is called {name!r}: see rto features list") from None
        return names


def load_plan(path: Path | None) -> Plan:
    """The plan in a TOML file, or the default one. Raises PlanError naming the key that is wrong."""
    return read_plan(Plan, path, "training/plans/default.toml")


Kind = TypeVar("Kind", bound=BaseModel)


def read_plan(kind: type[Kind], path: Path | None, example: str) -> Kind:
    """A plan of a kind from a TOML file, or its default. Raises PlanError naming the key that is wrong, and an example."""
    if path is None:
        return kind()
    try:
        return kind(**tomllib.loads(path.read_text()))
    except FileNotFoundError as error:
        raise PlanError(
            "PLAN001", str(path), got="no such file", expected="a plan in TOML", to_do="check the path given to --plan"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(
            "PLAN001",
            str(path),
            got=str(error),
            expected="valid TOML",
            to_do="mend that place; compare with training/plans/default.toml",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{path}, {'.'.join(str(p) for p in first['loc'])}"
        raise PlanError("PLAN002", where, got=first["msg"], to_do=f"see {example}") from error


@dataclass(frozen=True, slots=True)
class Moments:
    """The run's moments, microseconds: nothing known after `until` is used; `cut` parts past from future."""

    until: int
    cut: int
    matures_in: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
