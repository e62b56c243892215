"""Is a plan what its file says, and a wrong one refused by the name of the key?"""

import tomllib
from pathlib import Path

import pytest

import training
from data.errors import Exit, PlanError
from training.plan import PLENTIFUL, PLENTY, Plan, TreePlan, load_plan

DEFAULT = Path(training.__file__).parent / "plans" / "default.toml"


def test_the_default_plan_written_out_is_the_default() -> None:
    assert load_plan(DEFAULT) == load_plan(None) == Plan()


def test_both_ways_to_grow_trees_are_written_out_as_they_are() -> None:
    _, usual, plentiful = DEFAULT.read_text().split("# [trees]\n")
    for text, expected in ((usual, Plan().for_orders(PLENTY - 1).trees), (plentiful, Plan().for_orders(PLENTY).trees)):
        lines = [line.removeprefix("# ") for line in text.splitlines() if " = " in line]
        told = tomllib.loads("\n".join(lines))
        assert told.keys() == TreePlan.model_fields.keys()
        assert TreePlan(**told) == expected
    assert all(f"{name} =" in DEFAULT.read_text() for name in Plan.model_fields if name != "trees")


def test_trees_that_are_told_are_grown_on_any_number_of_orders(tmp_path: Path) -> None:
    told = load_plan(written(tmp_path, "[trees]\ndepths = [2]\n"))
    assert told.for_orders(PLENTY).trees == told.trees
    assert Plan(seed=3).for_orders(PLENTY).for_orders(5) == Plan(seed=3, trees=PLENTIFUL)


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(text)
    return path


def test_a_file_may_say_only_what_differs(tmp_path: Path) -> None:
    plan = load_plan(written(tmp_path, "seed = 3\n[trees]\ndepths = [1]\n"))
    assert (plan.seed, plan.trees.depths, plan.trees.l2) == (3, (1,), Plan().trees.l2)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("sed = 3", "sed"),
        ("seed = -1", "seed"),
        ("seed = 'x'", "seed"),
        ("test_share = 0", "test_share"),
        ("test_share = 0.95", "test_share"),
        ("minimum_orders = 10", "minimum_orders"),
        ("linear_penalties = []", "linear_penalties"),
        ("linear_penalties = [0.0]", "linear_penalties"),
        ("early_stop_share = 0.6", "early_stop_share"),
        ("[trees]\nlearning_rate = nan", "trees.learning_rate"),
        ("[trees]\ndepths = []", "trees.depths"),
        ("[trees]\ndepths = [0]", "trees.depths"),
        ("[trees]\nline_shares = [1.5]", "trees.line_shares.0"),
        ("[trees]\nmax_tree = 9", "trees.max_tree"),
        ("leave_out = ['phone_rto_cuont']", "leave_out"),
    ],
)
def test_what_is_wrong_is_refused_by_its_key(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(PlanError, match="PLAN002") as refused:
        load_plan(written(tmp_path, text))
    assert where in refused.value.where
    assert refused.value.got
    assert refused.value.exit_status == Exit.PLAN


@pytest.mark.parametrize("text", ["seed = ", "[trees", "seed = 1\nseed = 2"])
def test_what_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PlanError, match="PLAN001"):
        load_plan(written(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(b"\xff\xfe\x00seed")
    with pytest.raises(PlanError, match="PLAN001"):
        load_plan(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="no such file"):
        load_plan(tmp_path / "none.toml")
