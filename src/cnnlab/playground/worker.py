"""The process beside the server that has PyTorch: it opens runs, and answers what the page asks.

The server starts at once and stays small; a network's code never runs in it. Requests and answers
are lines of JSON; bytes are written in base64.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, cast

from cnnlab.errors import CnnlabError, ConfigError, DataError

if TYPE_CHECKING:  # the server imports this file too, and must not load PyTorch
    from torch import nn

    from cnnlab.data.splits import Splits
    from cnnlab.insight.examples import Example
    from cnnlab.insight.graph import Graph
    from cnnlab.insight.predictions import Predictions
    from cnnlab.runs.run import Run

SHIPPED_DATA_SET = "fashion-mnist"
"""What the LeNet-5 that comes with cnnlab was trained on."""
_PIXELS = 28 * 28
_NO_DOWNLOAD = "--offline forbids downloading it"
EXAMPLES = 9
"""Images in which a map answers most."""
CELL_IMAGES = 60
"""Images of a cell of the confusion matrix in one answer; the page asks for the next ones."""


@dataclass
class Worker:
    """The process, started with the folders of the runs; `ask` sends it one request."""

    folders: list[str]
    trust: bool = False
    data_dir: str | None = None
    _lock: Lock = field(default_factory=Lock)

    def start(self) -> None:
        """Start the process. It loads PyTorch while the server answers already."""
        setup = {"folders": self.folders, "trust": self.trust, "data_dir": self.data_dir}
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-c", _CODE, json.dumps([sys.path, setup])],
            # Ctrl-C reaches every process of a terminal, but the server ends this one. Windows has
            # no sessions: there _CODE ignores it.
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def ask(self, what: str, **given: Any) -> dict[str, Any]:
        """Return the answer to a request; raise `ConfigError` with the words of a refusal."""
        with self._lock:
            stdin, stdout = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)
            try:
                stdin.write(json.dumps({"what": what, **given}) + "\n")
                stdin.flush()
                answer = stdout.readline()
            except (OSError, ValueError):  # broken, or closed
                answer = ""
        if not answer.endswith("\n"):  # none, or cut off
            raise ConfigError("The process that computes has ended. Start cnnlab play again.")
        found = cast(dict[str, Any], json.loads(answer))
        if "error" in found:
            raise ConfigError(str(found["error"]))
        return found

    def stop(self) -> None:
        """End the process, also in the middle of an answer."""
        self._process.kill()
        self._process.wait()
        with self._lock:  # a request that waits hears of the end first
            for pipe in (self._process.stdin, self._process.stdout):
                with suppress(OSError):  # what was not sent stays unsent
                    cast(IO[str], pipe).close()


_CODE = """\
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
import json, sys
path, setup = json.loads(sys.argv[1])
sys.path[:] = path
from cnnlab.playground.worker import serve
serve(**setup)
"""


def serve(folders: list[str], trust: bool, data_dir: str | None) -> None:
    """Answer the requests on standard input until it ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a network prints is no answer
    bench = Bench(folders, trust, data_dir)
    with redirect_stdout(sys.stderr):
        for line in sys.stdin:
            answers.write(bench.answer(line) + "\n")
            answers.flush()


class Bench:
    """The opened runs, with what the page asks of them."""

    def __init__(
        self, folders: list[str], trust: bool = False, data_dir: str | None = None
    ) -> None:
        self.folders, self.trust, self.data_dir = folders, trust, data_dir
        self._opened: dict[int, OpenedRun] = {}

    def answer(self, line: str) -> str:
        """Return the answer to a request; one that fails has the key "error", with the reason."""
        known: dict[str, Callable[..., dict[str, Any]]] = {
            "payload": self.payload,
            "image": self.image,
            "cell": self.cell,
            "examples": self.examples,
            "picture": self.picture,
            "slope": self.slope,
        }
        try:
            request = json.loads(line)
            # No browser reads NaN: a network that diverged is refused in words.
            return json.dumps(known[request.pop("what")](**request), allow_nan=False)
        except CnnlabError as error:
            return json.dumps({"error": str(error)})
        except Exception as error:  # the server must go on
            return json.dumps({"error": f"This failed ({type(error).__name__}: {error})."})

    def _run(self, number: int) -> "OpenedRun":
        if number >= len(self.folders):
            raise ConfigError("This needs a run of your own. Train one: cnnlab workshop")
        if number not in self._opened:
            from cnnlab.data.library import Library
            from cnnlab.data.own.load import load_splits
            from cnnlab.runs.run import open_run

            run = open_run(Path(self.folders[number]), lambda _: None, trust=self.trust)
            folder = Path(self.data_dir) if self.data_dir else None
            try:
                splits = load_splits(Library(folder, offline=True), run.data_set_name)
            except DataError as error:
                own = str(error).replace(_NO_DOWNLOAD, "cnnlab play downloads nothing")
                raise ConfigError(f"The page shows a run with its images. {own}") from None
            self._opened[number] = OpenedRun(run, splits)
        return self._opened[number]

    def payload(self, run: int) -> dict[str, Any]:
        """Return what the page carries of a run."""
        from cnnlab.playground.payload import build_payload

        opened = self._run(run)
        return {"content": build_payload(opened.run, opened.splits).content}

    def image(self, run: int, number: int) -> dict[str, Any]:
        """Return the grey levels and the label of a validation image."""
        return self._run(run).image(number)

    def cell(self, run: int, label: int, answer: int, first: int) -> dict[str, Any]:
        """Return the validation images of a cell of the confusion matrix, the surest first.

        ``first`` counts from 0: so many were sent before.
        """
        opened = self._run(run)
        predictions = opened.predictions
        is_label = predictions.image_set.labels == label
        found = (is_label & (predictions.predicted == answer)).nonzero()[0]
        order = found[(-predictions.confidence[found]).argsort(kind="stable")]
        shown = order[first : first + CELL_IMAGES]
        return {"count": len(order), "images": [opened.image(int(each)) for each in shown]}

    def examples(self, run: int, stage: int, map_: int) -> dict[str, Any]:
        """Return the validation images in which a map of a stage answers most, and where."""
        from cnnlab.insight.examples import before_activation, best_examples

        opened = self._run(run)
        stages = list(opened.graph.stages.values())
        if stage >= len(stages) or map_ >= stages[stage].last.shape[0]:
            raise ConfigError("This network does not have that map.")
        step = before_activation(opened.graph, stages[stage])
        if stage not in opened.examples:
            images = opened.splits.validation.images
            opened.examples[stage] = best_examples(opened.model, step.name, images, EXAMPLES)
        return {
            "count": len(opened.splits.validation),
            "images": [
                opened.image(each.image)
                | {"row": each.row, "column": each.column, "value": each.value}
                for each in opened.examples[stage][map_]
            ],
        }

    def picture(self, run: int, body: str) -> dict[str, Any]:
        """Return the grey levels of a picture file, read as ``cnnlab predict`` reads it."""
        from cnnlab.data.catalog import DataSet, find_data_set
        from cnnlab.data.pictures.normalise import read_picture

        data_set: DataSet = find_data_set(SHIPPED_DATA_SET)
        if self.folders:
            data_set = self._run(run).run.data_set
        with TemporaryDirectory() as folder:
            path = Path(folder, "your picture")
            path.write_bytes(base64.b64decode(body))
            try:
                picture = read_picture(path, data_set)
            except CnnlabError as error:
                raise ConfigError(str(error).replace(str(path), path.name)) from None
        return {"levels": picture.image.ravel().tolist(), "notes": list(picture.notes)}

    def slope(self, run: int, number: int, body: str) -> dict[str, Any]:
        """Return the gradient of a class's logit for 28 x 28 grey levels, 32 x 32 numbers."""
        import numpy as np

        from cnnlab.insight.saliency import input_gradient
        from cnnlab.runs.explain import as_numbers

        levels = np.frombuffer(base64.b64decode(body), np.uint8)
        opened = self._run(run)
        if levels.size != _PIXELS or not 0 <= number < len(opened.splits.validation.classes):
            raise ConfigError("A slope needs 784 grey levels and the number of a class.")
        image = as_numbers(levels.reshape(1, 28, 28))[0]
        found = input_gradient(opened.model, image, class_index=number)
        return {"slopes": [float(each) for row in found.slopes for each in row]}


class OpenedRun:
    """A run with the splits of its data set, and what is computed of it once."""

    def __init__(self, run: "Run", splits: "Splits") -> None:
        self.run, self.splits = run, splits
        self.examples: dict[int, list[list[Example]]] = {}

    @cached_property
    def model(self) -> "nn.Module":
        """The trained network, in evaluation mode."""
        from torch import device

        from cnnlab.runs.evaluation import load_model

        return load_model(self.run, device("cpu")).eval()

    @cached_property
    def graph(self) -> "Graph":
        """The network as a graph."""
        from cnnlab.runs.explain import network_graph

        return network_graph(self.run)

    @cached_property
    def predictions(self) -> "Predictions":
        """What the network predicts for the validation images."""
        from torch import device

        from cnnlab.runs.evaluation import predictions_on

        return predictions_on(self.run, self.splits.validation, device("cpu"))

    def image(self, number: int) -> dict[str, Any]:
        """Return the number, the grey levels and the label of a validation image."""
        validation = self.splits.validation
        if not 0 <= number < len(validation):
            raise ConfigError(f"There are {len(validation):,} validation images.")
        levels = validation.images[number].ravel().tolist()
        return {"number": number, "levels": levels, "label": int(validation.labels[number])}
