"""Are these bytes trees that can be walked? Asked before xgboost reads them: it trusts what it is given.

Every tree is a tree: each node is reached once from the root, splits ask for a column there is, leaves and thresholds are
finite, and nothing is left over. What a walk could run out of, or never end in, is refused here.
"""

from typing import Any, TypeAlias

import numpy as np

from training.ubjson import UbjsonError, read

Array: TypeAlias = np.ndarray[Any, Any]

_OBJECTIVE = "binary:logistic"
_LARGEST = 1e6  # of a leaf or a gain: log-odds lie far below, a threshold may be money in thousands
_MOST_NODES = 2**16
_ROOT = 0
_LEAF = -1


class TreesError(ValueError):
    """What is wrong, in words for a person."""


def require_trees(content: bytes, n_features: int, n_trees: int) -> None:
    """Raises TreesError unless the bytes are `n_trees` sound trees over `n_features` columns."""
    try:
        _learner(read(content)["learner"], n_features, n_trees)
    except UbjsonError as error:
        raise TreesError(str(error)) from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        if isinstance(error, TreesError):
            raise
        raise TreesError(f"not built as xgboost builds trees ({type(error).__name__})") from None


def _learner(learner: dict[str, Any], n_features: int, n_trees: int) -> None:
    said, model = learner["learner_model_param"], learner["gradient_booster"]["model"]
    _demand(learner["gradient_booster"]["name"] == "gbtree", "not a booster of trees")
    _demand(learner["objective"]["name"] == _OBJECTIVE, f"another objective than {_OBJECTIVE}")
    _demand(int(said["num_feature"]) == n_features, f"{said['num_feature']} columns instead of {n_features}")
    _demand(int(said["num_class"]) == 0 and int(said["num_target"]) == 1, "more than one output")
    base = float(str(said["base_score"]).strip("[]"))
    _demand(0 < base < 1, "a base score that is no probability")
    trees = model["trees"]
    _demand(
        len(trees) == n_trees == int(model["gbtree_model_param"]["num_trees"]),
        f"{len(trees)} trees instead of {n_trees}",
    )
    _demand(int(model["gbtree_model_param"]["num_parallel_tree"]) == 1, "trees side by side")
    _demand(len(model["tree_info"]) == n_trees and not any(model["tree_info"]), "trees of another output")
    _demand(list(model["iteration_indptr"]) == list(range(n_trees + 1)), "trees that are not one after the other")
    for number, tree in enumerate(trees):
        try:
            _tree(tree, number, n_features)
        except TreesError as error:
            raise TreesError(f"tree {number}: {error}") from None


def _tree(tree: dict[str, Any], number: int, n_features: int) -> None:
    said = tree["tree_param"]
    n = int(said["num_nodes"])
    _demand(0 < n <= _MOST_NODES, f"{n} nodes")
    _demand(int(tree["id"]) == number and int(said["num_deleted"]) == 0, "another number, or nodes taken out")
    _demand(int(said["num_feature"]) == n_features and int(said["size_leaf_vector"]) in (0, 1), "another width")
    _demand(all(len(tree[name]) == 0 for name in _CATEGORIES), "splits by category")
    columns = {name: np.asarray(tree[name]) for name in _COLUMNS}
    _demand(all(column.shape == (n,) for column in columns.values()), "columns of different lengths")
    for name in ("split_conditions", "sum_hessian", "base_weights", "loss_changes"):
        whole = bool(np.isfinite(columns[name]).all())
        _demand(whole, f"a number in {name} that is not finite")
    _walk(columns, n, n_features)


_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_COLUMNS = ("left_children", "right_children", "parents", "split_indices", "split_conditions", "split_type", "default_left",
            "sum_hessian", "base_weights", "loss_changes")  # fmt: skip


def _walk(columns: dict[str, Array], n: int, n_features: int) -> None:
    left, right = (columns[name].astype(np.int64) for name in ("left_children", "right_children"))
    leaf = left == _LEAF
    _demand(bool((leaf == (right == _LEAF)).all()), "a node with one child")
    children = np.concatenate([left[~leaf], right[~leaf]])
    _demand(bool(((children > _ROOT) & (children < n)).all()), "a child that is no node")
    _demand(len(np.unique(children)) == len(children) == n - 1, "a node reached twice, or never")
    parents, inner = columns["parents"].astype(np.int64), np.flatnonzero(~leaf)
    _demand(bool((parents[left[inner]] == inner).all() and (parents[right[inner]] == inner).all()), "another parent")
    _demand(_reached(left, right, leaf, n), "a circle of nodes")
    asked = columns["split_indices"][~leaf].astype(np.int64)
    _demand(bool(((asked >= 0) & (asked < n_features)).all()), "a split on a column there is not")
    _demand(bool((np.abs(columns["split_conditions"][leaf]) <= _LARGEST).all()), "a leaf beyond all log-odds")
    _demand(not columns["split_type"].any(), "splits by category")
    _demand(bool(np.isin(columns["default_left"], (0, 1)).all()), "a default that is no side")
    _demand(bool((columns["sum_hessian"] >= 0).all()), "a weight below 0")


def _reached(left: Array, right: Array, leaf: Array, n: int) -> bool:
    """Is every node reached from the root? Level by level; what is reached once each cannot go on for more than n levels."""
    level, seen = np.array([_ROOT]), 0
    while len(level):
        seen += len(level)
        inner = level[~leaf[level]]
        level = np.concatenate([left[inner], right[inner]])
        if seen > n:
            return False
    return seen == n


def _demand(true: bool, else_: str) -> None:
    if not true:
        raise TreesError(else_)
