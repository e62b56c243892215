"""Pictures show every panel and curve with its labels, from thin and empty slices too, and leave nothing behind."""

import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from training.plots import Scored, lift_plot, reliability_plot, score_plot

PNG = b"\x89PNG\r\n\x1a\n"


def scored(name: str, n: int = 2_000, seed: int = 1) -> Scored:
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-rng.normal(-1.2, 1.0, n)))
    return Scored(name, p, (rng.random(n) < p).astype(int))


def words(figure: Figure) -> str:
    """All text a reader of the figure sees, tick labels apart."""
    texts = []
    for axis in figure.axes:
        texts += [axis.get_title(loc="left"), axis.get_xlabel(), axis.get_ylabel()]
        texts += [text.get_text() for text in axis.texts]
        texts += [text.get_text() for text in axis.get_legend().get_texts()] if axis.get_legend() else []
    return " | ".join(filter(None, texts))


def saved(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


EVERY_PLOT = pytest.mark.parametrize("plot", [reliability_plot, lift_plot, score_plot])


@EVERY_PLOT
def test_every_plot_becomes_a_png(plot):
    assert saved(plot([scored("all orders"), scored("COD only", seed=2)])).startswith(PNG)


@EVERY_PLOT
@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_slice_with_few_orders_or_none_is_still_drawn(plot, n):
    assert saved(plot([scored("all orders"), scored("COD only", n)])).startswith(PNG)


@EVERY_PLOT
@pytest.mark.parametrize("n", [0, 1, 60, 400])
def test_panels_fill_the_page_however_few_the_orders(plot, n):
    figure = plot([scored("all orders"), scored("COD only", n)])
    figure.draw_without_rendering()
    assert all(0.35 < axis.get_position().width < 0.5 for axis in figure.axes)


def test_an_empty_histogram_starts_at_zero():
    figure = reliability_plot([scored("COD only", 0)])
    assert figure.axes[1].get_ylim() == (0, 1)


@EVERY_PLOT
def test_orders_of_one_outcome_are_still_drawn(plot):
    assert saved(plot([Scored("first orders", np.full(80, 0.3), np.zeros(80))])).startswith(PNG)


@EVERY_PLOT
def test_the_same_scores_give_the_same_picture(plot):
    assert saved(plot([scored("all orders")])) == saved(plot([scored("all orders")]))


@EVERY_PLOT
def test_every_name_is_on_the_picture(plot):
    shown = words(plot([scored("all orders"), scored("COD only")]))
    assert "all orders" in shown
    assert "COD only" in shown


def test_a_reliability_panel_says_how_many_orders_and_how_far_off():
    panel = Scored("COD only", np.full(1_000, 0.25), np.repeat([1, 0], [300, 700]))
    shown = words(reliability_plot([panel]))
    assert "COD only, 1,000 orders" in shown
    assert "said 25.0 %, came 30.0 %" in shown
    assert "ECE 0.050" in shown


def test_reliability_points_stand_where_it_was_said_and_what_came():
    panel = Scored("all", np.repeat([0.1, 0.4], 100), np.repeat([1, 0, 1, 0], [20, 80, 50, 50]))
    points = reliability_plot([panel]).axes[0].containers[0].lines[0]
    assert points.get_xdata() == pytest.approx([0.1, 0.4])
    assert points.get_ydata() == pytest.approx([0.2, 0.5])


def test_the_histogram_counts_every_order():
    panel = Scored("all", np.array([0.0, 0.05, 0.1, 1.0]), np.array([0, 1, 0, 1]))
    bars = reliability_plot([panel]).axes[1].patches
    assert sum(bar.get_height() for bar in bars) == 4


def test_the_lift_plot_keeps_the_model_first_in_the_legend():
    figure = lift_plot([scored("model"), scored("logistic"), scored("constant")])
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == ["model", "logistic", "constant"]


def test_scores_of_the_two_outcomes_are_counted_apart():
    panel = Scored("all", np.array([0.1, 0.2, 0.9]), np.array([0, 0, 1]))
    assert "delivered, 2 | came back (RTO), 1" in words(score_plot([panel]))


def test_drawing_leaves_pyplot_unloaded():
    code = "import sys, training.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
