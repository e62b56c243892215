"""Figures inside a page: drawn once as SVG and carried in the page itself, so that it can be mailed, kept and printed."""

import io
from base64 import b64encode

from matplotlib import rc_context
from matplotlib.figure import Figure

_SAME_EACH_TIME = {"svg.hashsalt": "rto-risk", "svg.fonttype": "path"}


def embedded(figure: Figure) -> str:
    """The figure as an address that holds it: what an `img` of a page may show without a network."""
    file = io.BytesIO()
    with rc_context(_SAME_EACH_TIME):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return f"data:image/svg+xml;base64,{b64encode(file.getvalue()).decode()}"
