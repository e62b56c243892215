"""Figures inside a page: drawn once as SVG and carried in the page itself, so that it can be mailed, kept and printed."""

import io
from base64 import b64encode

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

_SAME_EACH_TIME = {"svg.hashsalt": "rto-risk", "svg.fonttype": "path"}


def picture(figure: Figure, says: str) -> Markup:
    """An `img` element with the figure in it. says: what it shows, for who cannot see it; escaped."""
    file = io.BytesIO()
    with rc_context(_SAME_EACH_TIME):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    drawn = b64encode(file.getvalue()).decode()
    return Markup('<img alt="{}" src="data:image/svg+xml;base64,{}">').format(says, drawn)
