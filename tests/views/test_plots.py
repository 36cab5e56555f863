"""The style of the docs' figures."""

import numpy as np
from matplotlib.figure import Figure

from cnnlab.views import plots


def test_equal_values_stay_apart_and_the_same_figure_gives_the_same_bytes():
    def draw():
        figure = Figure()
        axis = figure.subplots()
        plots.plot_seeds(axis, 0, np.array([90.0, 90.0, 90.0]), plots.colour(6))
        return figure

    (line,) = draw().axes[0].lines
    assert len(set(line.get_ydata())) == 3
    assert line.get_color() == plots.BLUE
    assert plots.to_png(draw()) == plots.to_png(draw())
