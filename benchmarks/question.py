"""Answer the workshop's own question: whether ReLU and max pooling helped.

    python benchmarks/question.py --seeds 30

Runs `cnnlab compare lenet5 lenet5-relu-max --on test` with the workshop's recipe on both data sets;
the test sets are opened once each. If you stop it, the same command resumes it. Keeps the
comparisons in build/question, writes benchmarks/results/question-<data set>.json, and draws the
README's figure.
"""

import json
import subprocess
import sys

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from cnnlab.views.comparison_page import plot_seeds
from cnnlab.views.plots import STYLE, colour, to_png
from harness import IMAGES, about, command_line, write_results

TITLES = {"fashion-mnist": "Fashion-MNIST", "mnist": "MNIST"}
NAMES = {"lenet5": "tanh, average pooling", "lenet5-relu-max": "ReLU, max pooling"}


def main(*, seeds: int = 30) -> None:
    """Compare on both data sets, write, draw."""
    found = {}
    for data_set in TITLES:
        words = ["compare", *NAMES, "--dataset", data_set, "--seeds", str(seeds)]
        words += ["--on", "test", "--json", "--output", f"build/question/{data_set}"]
        done = subprocess.run(
            [sys.executable, "-m", "cnnlab", *words], check=True, stdout=subprocess.PIPE, text=True
        )
        found[data_set] = about() | json.loads(done.stdout)
        write_results(f"question-{data_set}", found[data_set])
        print(found[data_set]["sentences"][0], flush=True)
    (IMAGES / "question.png").write_bytes(to_png(draw(found), 130))


def draw(found: dict[str, dict]) -> Figure:
    """Return a panel a data set: each seed as a dot, the mean with its 95 % interval."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 2.5), layout="constrained")
        for axis, (data_set, results) in zip(figure.subplots(1, 2), found.items(), strict=True):
            for place, variant in enumerate(results["variants"]):
                values = np.array(variant["accuracy_points"])
                plot_seeds(axis, place, values, colour(place))
                mean = variant["mean"]
                axis.plot([mean["low"], mean["high"]], [place + 0.25] * 2, color=colour(place))
                axis.plot([mean["estimate"]], [place + 0.25], "D", color=colour(place), ms=5)
            axis.set_yticks(
                range(len(NAMES)),
                list(NAMES.values()) if axis.get_subplotspec().is_first_col() else [],
            )
            axis.set_ylim(1.5, -0.5)
            axis.grid(visible=False, axis="y")
            axis.set_title(TITLES[data_set])
            axis.set_xlabel("test accuracy, %")
        return figure


if __name__ == "__main__":
    command_line(main)()
