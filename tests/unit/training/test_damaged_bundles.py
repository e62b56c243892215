"""Damaged bundles, signed by us all the same: refused before xgboost walks into them, or harmless to the last bit."""

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import GateRefused
from tests.helpers.bundles import sign
from tests.helpers.damage import damage
from tests.helpers.ubjson import written
from tests.unit.training.test_bundle import KEY, PUBLIC, made, rows
from training import canary
from training.bundle import read_bundle, write_bundle
from training.tree_structure import TreesError, require_trees
from training.ubjson import UbjsonError, read

DAMAGED = 200


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "one"
    write_bundle(folder, made(), rows().x[:20], KEY)
    return folder


def signed_anew(whole: Path, to: Path, **content: bytes) -> Path:
    """The bundle with other files, signed with the right key: what no digest can tell."""
    shutil.copytree(whole, to)
    for name, data in content.items():
        (to / name.replace("_", ".", 1)).write_bytes(data)
    sign(to, KEY)
    return to


def test_of_200_damaged_and_signed_each_is_refused_or_answers_as_before(whole: Path, tmp_path: Path):
    rng, x = random.Random(5), rows().x
    margin, model = read_bundle(whole, PUBLIC).margin(x), (whole / "model.ubj").read_bytes()
    refused: Counter[str] = Counter()
    for number in range(DAMAGED):
        folder = signed_anew(whole, tmp_path / str(number), model_ubj=damage(model, rng))
        try:
            again = read_bundle(folder, PUBLIC).margin(x)
        except GateRefused as error:
            refused[error.code] += 1
        else:
            assert again == pytest.approx(margin, abs=1e-5), number
    assert set(refused) <= {"MODEL005", "MODEL006"}
    assert refused.total() > 0.9 * DAMAGED


def tree_of(model: Any, number: int = 0) -> dict[str, Any]:
    tree: dict[str, Any] = model["learner"]["gradient_booster"]["model"]["trees"][number]
    return tree


def changed(name: str, at: int, value: float) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        tree = tree_of(model)
        tree[name] = tree[name].copy()
        tree[name][at] = value

    return change


FAULTS: dict[str, tuple[Callable[[Any], None], str]] = {
    "a circle": (changed("left_children", 1, 0), "a child that is no node"),
    "a child shared": (changed("left_children", 1, 4), "a node reached twice"),
    "a child far away": (changed("left_children", 1, 10_000_000), "a child that is no node"),
    "one child": (changed("left_children", 1, -1), "a node with one child"),
    "a column there is not": (changed("split_indices", 0, 5), "a split on a column there is not"),
    "a leaf that is no number": (changed("split_conditions", -1, np.nan), "a number in split_conditions that is not finite"),
    "a leaf beyond everything": (changed("split_conditions", -1, 1e30), "a leaf beyond all log-odds"),
    "another parent": (changed("parents", 2, 3), "another parent"),
    "a weight below 0": (changed("sum_hessian", 0, -1), "a weight below 0"),
    "fewer nodes": (lambda m: tree_of(m)["tree_param"].update(num_nodes="3"), "columns of different lengths"),
    "fewer trees": (lambda m: m["learner"]["gradient_booster"]["model"]["trees"].pop(), "11 trees instead of 12"),
    "no trees at all": (lambda m: m["learner"].pop("gradient_booster"), "not built as xgboost builds trees"),
    "another objective": (lambda m: m["learner"]["objective"].update(name="rank:ndcg"), "another objective"),
    "a base score of 2": (lambda m: m["learner"]["learner_model_param"].update(base_score="[2E0]"), "a base score"),
    "dart": (lambda m: m["learner"]["gradient_booster"].update(name="dart"), "not a booster of trees"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_a_tree_is_named(whole: Path, fault: str):
    change, said = FAULTS[fault]
    model = read((whole / "model.ubj").read_bytes())
    require_trees(written(model), 5, 12)  # the control: as it was it is sound
    change(model)
    with pytest.raises(TreesError, match=said):
        require_trees(written(model), 5, 12)


@pytest.mark.parametrize("fault", ["a circle", "a child far away"])
def test_the_control_xgboost_itself_dies_of_them(whole: Path, tmp_path: Path, fault: str):
    model = read((whole / "model.ubj").read_bytes())
    FAULTS[fault][0](model)
    (tmp_path / "model.ubj").write_bytes(written(model))
    code = ("import sys, numpy as np, xgboost as xgb; booster = xgb.Booster(); booster.load_model(sys.argv[1]);"
            "booster.inplace_predict(np.zeros((5, 5), dtype=np.float32))")  # fmt: skip
    command = [sys.executable, "-c", code, str(tmp_path / "model.ubj")]
    try:
        assert subprocess.run(command, capture_output=True, timeout=20, check=False).returncode != 0
    except subprocess.TimeoutExpired:
        return  # walks in the circle for ever


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[$d#L", b"{" * 100, b"[" * 100, b"Sl\xff\xff\xff\xff", b"S" + b"U\x02\xff\xfe", b"{U\x01aTU\x01aT}", b"TT",
                b"[$x#U\x01\x00", b"L\x00"],
)  # fmt: skip
def test_what_is_no_ubjson_is_refused(content: bytes):
    with pytest.raises(UbjsonError):
        read(content)


def test_the_canary_reads_what_is_sound_and_says_what_is_not(whole: Path, tmp_path: Path):
    canary.try_out(whole, PUBLIC)
    golden = json.loads((whole / "golden.json").read_text())
    golden["margins"][3] += 0.01
    folder = signed_anew(whole, tmp_path / "golden", golden_json=json.dumps(golden).encode())
    with pytest.raises(GateRefused, match=r"MODEL005.*golden rows off by 0.01"):
        canary.try_out(folder, PUBLIC)
    with pytest.raises(GateRefused, match=r"MODEL007.*had not read it in 0.01 s"):
        canary.try_out(whole, PUBLIC, patience_s=0.01)


@pytest.mark.parametrize(("does", "said"), [("kill -SEGV $$", "SIGSEGV"), ("exit 9", "ended with 9")])
def test_a_canary_that_dies_refuses_the_bundle(whole: Path, tmp_path: Path, monkeypatch, does: str, said: str):
    dying = tmp_path / "python"
    dying.write_text(f"#!/bin/sh\n{does}\n")
    dying.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(dying))
    with pytest.raises(GateRefused, match=f"MODEL007.*{said}"):
        canary.try_out(whole, PUBLIC)
