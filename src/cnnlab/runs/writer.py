"""Write the files of a run: in the background while it trains, or all at once."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import torch

from cnnlab.custom.beside import KEPT, write_files
from cnnlab.files import PARTIAL
from cnnlab.models.catalog import ModelSpec
from cnnlab.runs.layout import CHECKPOINT, CHECKPOINT_BEFORE, CONFIG, METRICS, MODEL, SOURCE
from cnnlab.runs.run import Run, new_run
from cnnlab.runs.store import make_folder, move_file, write_bytes, write_tensors
from cnnlab.runs.weights import model_tensors
from cnnlab.training.history import EpochRecord, History


class BackgroundWriter:
    """Does one piece of work at a time in the background; the next call raises its error.

    The end of the ``with`` block waits until all work is done, and raises its error too.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cnnlab-writer")
        self._last: Future[None] | None = None

    def __enter__(self) -> "BackgroundWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown()
        if error is None:
            self.wait()

    def do(self, work: Callable[[], None]) -> None:
        """Start a piece of work as soon as the one before is done."""
        self.wait()
        self._last = self._pool.submit(work)

    def wait(self) -> None:
        """Wait until all work is done; raise its error."""
        if self._last is not None:
            last, self._last = self._last, None
            last.result()


def write_state(
    run: Run,
    tensors: Mapping[str, torch.Tensor],
    numbers: Mapping[str, Any],
    history: Sequence[EpochRecord],
) -> None:
    """Write metrics, weights and checkpoint, in this order: the checkpoint needs the metrics."""
    write_bytes(run.folder / METRICS, _json_lines(history))
    if numbers["batch"] == 0:
        write_model(run, model_tensors(tensors), len(history))
    newest = run.folder / CHECKPOINT
    if newest.exists():
        move_file(newest, run.folder / CHECKPOINT_BEFORE)
    write_tensors(newest, tensors, {**numbers, "model": run.model_name})


def sweep(folder: Path) -> None:
    """Delete the incomplete files that a killed program left."""
    for name in (CONFIG, METRICS, MODEL, CHECKPOINT, SOURCE):
        for left in folder.glob(f".{name}.*{PARTIAL}"):
            left.unlink(missing_ok=True)


def write_source(run: Run) -> None:
    """Save the code of a user's own network in its run folder, with the files that it needs."""
    source = run.network.source
    if source is not None:
        write_files(run.folder / KEPT, source.files)
        write_bytes(run.folder / SOURCE, source.text.encode())


def write_model(run: Run, weights: Mapping[str, torch.Tensor], epochs: int) -> None:
    """Write a network's weights, and after how many epochs it has them."""
    about = {key: run.description[key] for key in ("cnnlab", "model", "data_set")}
    write_tensors(run.folder / MODEL, weights, about | {"epochs": epochs})


def _json_lines(history: Sequence[EpochRecord]) -> bytes:
    return "".join(json.dumps(asdict(record)) + "\n" for record in history).encode()


@dataclass(frozen=True)
class TrainingResult:
    """The result of one of many jobs: its place in the list, its epochs, its weights.

    If it did not finish, ``fault`` says why. A diverged job has the last weights with a finite
    loss. A failed job, whose network's code raised an error, may have no weights.
    """

    place: int
    status: Literal["finished", "diverged", "failed"]
    history: History
    weights: dict[str, torch.Tensor]
    device: str
    fault: str | None = None


def keep_run(
    folder: Path, description: dict[str, Any], network: ModelSpec, result: TrainingResult
) -> Run:
    """Write an ended job as a run folder, which has its name only when it is complete.

    This replaces the folder of an earlier try, which is also complete or not there. Raises
    `RunError`.
    """
    partial_folder, before = (
        folder.with_name(f".{folder.name}.{word}") for word in ("partial", "before")
    )
    for left in (partial_folder, before):
        shutil.rmtree(left, ignore_errors=True)
    make_folder(partial_folder)
    run = new_run(partial_folder, description, network)
    write_source(run)
    write_bytes(partial_folder / METRICS, _json_lines(result.history))
    if result.weights:
        write_model(run, result.weights, len(result.history))
    description["device"], description["fault"] = result.device, result.fault
    run.set_status(result.status)
    if folder.exists():
        move_file(folder, before)
    move_file(partial_folder, folder)
    shutil.rmtree(before, ignore_errors=True)
    return new_run(folder, description, network)
