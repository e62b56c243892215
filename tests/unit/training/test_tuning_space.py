"""What a tuner may try: read strictly, never what would move the test, and always around the plan that is to be beaten."""

from pathlib import Path

import pytest

from data.errors import PlanError
from training.plan import Plan, TreePlan, load_plan
from training.plan_file import plan_toml
from training.tuning_space import Range, load_space, value_at


def space(tmp_path: Path, text: str, base: Plan | None = None):
    path = tmp_path / "space.toml"
    path.write_text(text)
    return load_space(path, base or Plan())


def test_the_shipped_space_holds_the_default_plan():
    shipped = load_space(None, Plan())
    assert shipped.plan(Plan(), shipped.parameters(Plan())) == Plan()
    assert set(shipped.dimensions) >= {"trees.depths", "trees.learning_rate", "trees.l2"}


def test_a_draw_becomes_a_plan_with_few_digits_and_the_rest_as_it_was(tmp_path):
    made = space(tmp_path, "linear_penalties = { choices = [[3.0, 10.0, 30.0, 100.0, 300.0], [10.0]] }\n"
                           "[trees]\nlearning_rate = { low = 0.01, high = 0.3, log = true }\nmax_trees = { low = 50, high = 900 }")  # fmt: skip
    drawn = {"trees.learning_rate": 0.0473152678, "trees.max_trees": 333, "linear_penalties": "[10.0]"}
    plan = made.plan(Plan(leave_out=("is_cod",)), drawn)
    assert (plan.trees.learning_rate, plan.trees.max_trees, plan.linear_penalties) == (0.0473, 333, (10.0,))
    assert plan.leave_out == ("is_cod",)
    assert plan.trees.l2 == Plan().trees.l2


def test_rounding_never_leaves_the_range():
    assert Range(low=0.020049, high=0.2).decoded(0.020049) == 0.020049


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("[trees]\nlerning_rate = { low = 0.1, high = 0.2 }", "PLAN003", "trees.lerning_rate: got a key that no plan has"),
        ("tress = 1", "PLAN003", "one of test_share, "),
        ("trees = 1", "PLAN003", r"a table: \[trees\]"),
        ("test_share = { low = 0.1, high = 0.5 }", "PLAN003", "it would move the untouched test"),
        ("seed = { low = 1, high = 9 }", "PLAN003", "the best of many seeds is luck"),
        ("[trees]\nl2 = { low = 5.0, high = 5.0 }", "PLAN003", "low 5.0 is not below high 5.0"),
        ("[trees]\nl2 = { low = 0.0, high = 9.0, log = true }", "PLAN003", "low 0.0 has no logarithm"),
        ("[trees]\nl2 = 5.0", "PLAN003", "trees.l2: got .*dictionary"),
        ("[trees]\nl2 = { low = 1.0, high = 9.0, step = 1 }", "PLAN003", "step: Extra inputs"),
        ("[trees]\nl2 = { choices = [5.0] }", "PLAN003", "at least 2 items"),
        ("[trees]\nrow_share = { low = 0.5, high = 1.5 }", "PLAN003", "trees.row_share: got 1.5"),
        ("[trees]\nline_shares = { choices = [[0.4], [1.5]] }", "PLAN003", r"\[1.5\]"),
        ('leave_out = { choices = [[], ["no_such_feature"]] }', "PLAN003", "no feature is called 'no_such_feature'"),
        ("", "PLAN003", "nothing to search"),
        ("[trees", "PLAN001", "valid TOML"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_refused_with_its_place(tmp_path, text, code, told):
    with pytest.raises(PlanError, match=f"(?s){code} .*{told}"):
        space(tmp_path, text)


def test_a_space_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PlanError, match="PLAN001"):
        load_space(tmp_path / "none.toml", Plan())


@pytest.mark.parametrize("text", ["l2 = { low = 6.0, high = 50.0 }", "l2 = { choices = [1.0, 2.0] }"])
def test_the_plan_to_beat_lies_within_the_space(tmp_path, text):
    with pytest.raises(PlanError, match=r"PLAN003 .*trees.l2: got a space without 5.0"):
        space(tmp_path, f"[trees]\n{text}").parameters(Plan())


def test_a_written_plan_is_read_back_the_same(tmp_path):
    plan = Plan(
        leave_out=("is_cod",), seed=11, trees=TreePlan(depths=(3,), line_shares=(0.2,), learning_rate=1e-05, l2=7)
    )
    (tmp_path / "plan.toml").write_text(plan_toml(plan, ("why\nand how",)))
    assert load_plan(tmp_path / "plan.toml") == plan
    assert (tmp_path / "plan.toml").read_text().startswith("# why and how\ntest_share = ")
    assert value_at(plan, "trees.learning_rate") == 1e-05
