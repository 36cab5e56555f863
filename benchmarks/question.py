"""Answer the workshop's own question: whether ReLU and max pooling helped.

    python benchmarks/question.py --seeds 30
    python benchmarks/question.py --from-results    # train nothing: only what follows from them

Runs `cnnlab compare lenet5 lenet5-relu-max --on test` with the workshop's recipe on both data sets;
the test sets are opened once each. If you stop it, the same command resumes it. Keeps the
comparisons in build/question and writes benchmarks/results/question-<data set>.json. From these
it writes src/cnnlab/workshop/seed_deviations.json, by which the workshop says what a new seed
alone can do, and draws the README's figure.
"""

import json
import subprocess
import sys

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from cnnlab.views.plots import STYLE, colour, plot_seeds, to_png
from cnnlab.workshop.chapters import SEED_DEVIATIONS
from harness import IMAGES, RESULTS, about, command_line, write_results

TITLES = {"fashion-mnist": "Fashion-MNIST", "mnist": "MNIST"}
NAMES = {"lenet5": "tanh, average pooling", "lenet5-relu-max": "ReLU, max pooling"}


def main(*, seeds: int = 30, from_results: bool = False) -> None:
    """Compare on both data sets, write, draw."""
    if not from_results:
        for data_set in TITLES:
            compare(data_set, seeds)
    found = {data_set: results(data_set) for data_set in TITLES}
    for each in found.values():
        print(each["sentences"][0])
    text = json.dumps(deviations(found), indent=1) + "\n"
    SEED_DEVIATIONS.write_text(text, encoding="utf-8")
    (IMAGES / "question.png").write_bytes(to_png(draw(found), 130))


def compare(data_set: str, seeds: int) -> None:
    """Compare both networks on one data set, and write the results."""
    words = ["compare", *NAMES, "--dataset", data_set, "--seeds", str(seeds)]
    words += ["--on", "test", "--json", "--output", f"build/question/{data_set}"]
    done = subprocess.run(
        [sys.executable, "-m", "cnnlab", *words], check=True, stdout=subprocess.PIPE, text=True
    )
    write_results(f"question-{data_set}", about() | json.loads(done.stdout))


def results(data_set: str) -> dict:
    """Return what was found on a data set, from its file."""
    return json.loads((RESULTS / f"question-{data_set}.json").read_text(encoding="utf-8"))


def deviations(found: dict[str, dict]) -> dict[str, dict]:
    """Return each network's mean test accuracy and standard deviation over seeds, by data set.

    In points, without the runs that failed or learnt nothing: ``seeds`` counts the others.
    """
    return {
        data_set: {
            "cnnlab": each["cnnlab"],
            "command": f"python benchmarks/question.py --seeds {each['seeds']}",
            "test_accuracy_points": {
                variant["model"]: {
                    "mean": round(variant["mean"]["estimate"], 4),
                    "standard_deviation": round(variant["standard_deviation"], 4),
                    "seeds": len(variant["accuracy_points"]),
                }
                for variant in each["variants"]
            },
        }
        for data_set, each in found.items()
    }


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
