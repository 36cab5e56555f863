"""Train into a run folder, so that nothing is lost; and go on where a training was stopped."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from torch import nn

from cnnlab.data.images import Splits, TensorSet
from cnnlab.errors import CnnlabError, DivergedError, RunError
from cnnlab.experiments.background import Background
from cnnlab.experiments.description import describe, versions
from cnnlab.experiments.run import (
    CHECKPOINT,
    CHECKPOINT_BEFORE,
    CONFIG,
    METRICS,
    MODEL,
    SOURCE,
    Run,
)
from cnnlab.experiments.store import make_folder, move_file, write_bytes, write_tensors
from cnnlab.files import PARTIAL
from cnnlab.models.build import Network
from cnnlab.training.checkpoint import load_tensors
from cnnlab.training.config import TrainConfig
from cnnlab.training.device import describe_device
from cnnlab.training.loop import EpochRecord, History, fit
from cnnlab.training.many import Trained
from cnnlab.training.state import TrainingState

SAVE_SECONDS = 30.0
"""Inside an epoch a checkpoint is written this often; and after every epoch."""

OnBatch = Callable[[int, int, int], None]
OnEpoch = Callable[[EpochRecord], None]
Resume = tuple[dict[str, torch.Tensor], dict[str, Any]]


def train_run(
    folder: Path,
    *,
    network: Network,
    recipe_name: str,
    config: TrainConfig,
    splits: Splits,
    train: TensorSet,
    validation: TensorSet,
    on_batch: OnBatch | None = None,
    on_epoch: OnEpoch | None = None,
) -> Run:
    """Train one network and keep everything in a new or empty folder; return the finished run.

    ``train`` and ``validation`` are the prepared splits, on the device to train on. After
    each epoch its figures, its weights and all that going on needs are on the disk; Ctrl-C
    (`KeyboardInterrupt`) and `DivergedError` pass through with the run's status written. Raises
    `RunError` where the folder holds something or cannot be written.
    """
    model = network.build(config.seed)
    make_folder(folder)
    with _alone(folder):
        make_folder(folder)  # again: until now another program may have trained in it
        _sweep(folder)
        run = Run(folder, describe(network, recipe_name, config, splits, train.images.device))
        _write_source(run, network)
        _train(run, model, train, validation, [], None, on_batch, on_epoch)
    return run


def resume_run(
    run: Run,
    *,
    splits: Splits,
    train: TensorSet,
    validation: TensorSet,
    network: Network | None = None,
    notify: Callable[[str], None],
    on_batch: OnBatch | None = None,
    on_epoch: OnEpoch | None = None,
) -> Run:
    """Go on with a training that was stopped, to the same bits as if it had not been.

    ``network`` is the run's own by default, and must be given where it is code
    (`Run.network`). On another device, processor or version the bits may differ: ``notify`` is
    told. Raises `RunError` where there is nothing to go on with.
    """
    run.check_data_set(splits)
    if run.status in {"finished", "diverged"}:
        raise RunError(f"{run.folder} is {run.status}: there is nothing to go on with.")
    here = {"device": describe_device(train.images.device), **versions()}
    there = {"device": run.description["device"], **run.description["versions"]}
    for name, value in here.items():
        if value != there.get(name):
            notify(
                f"{name} was {there.get(name)}, and is {value}: the results may differ from "
                "those of a run never stopped."
            )
    model = (network or run.network()).build(run.config.seed)
    with _alone(run.folder):
        _sweep(run.folder)
        resume = _newest_sound(run.folder, notify)
        history = _history_behind(run, resume, notify)
        _train(run, model, train, validation, history, resume, on_batch, on_epoch)
    return run


def _history_behind(run: Run, resume: Resume | None, notify: Callable[[str], None]) -> History:
    """Return the figures of the epochs that ended before a checkpoint."""
    if resume is None:
        notify(f"{run.folder} was stopped before its first epoch ended: it begins anew.")
        return []
    history, ended = run.history(), resume[1]["epoch"] - 1
    if len(history) < ended:
        raise RunError(
            f"{run.folder / METRICS} has {len(history)} epochs, and the checkpoint is behind "
            f"{ended}: it is damaged."
        )
    return history[:ended]


def keep_run(folder: Path, network: Network, description: dict[str, Any], trained: Trained) -> Run:
    """Write a training that is over as a run folder, seen under its name only when whole.

    What stood there before, of an earlier try, is replaced; it too is there whole or not at all.
    Raises `RunError`.
    """
    partial_folder, before = (
        folder.with_name(f".{folder.name}.{word}") for word in ("partial", "before")
    )
    for left in (partial_folder, before):
        shutil.rmtree(left, ignore_errors=True)
    make_folder(partial_folder)
    run = Run(partial_folder, description)
    _write_source(run, network)
    write_bytes(partial_folder / METRICS, _lines(trained.history))
    if trained.weights:
        _write_model(run, {n: torch.from_numpy(each) for n, each in trained.weights.items()})
    description["device"], description["fault"] = trained.device, trained.fault
    run.set_status(trained.status)
    if folder.exists():
        move_file(folder, before)
    move_file(partial_folder, folder)
    shutil.rmtree(before, ignore_errors=True)
    return Run(folder, description)


def _train(
    run: Run,
    model: nn.Module,
    train: TensorSet,
    validation: TensorSet,
    history: History,
    resume: Resume | None,
    on_batch: OnBatch | None,
    on_epoch: OnEpoch | None,
) -> None:
    saved = time.monotonic()
    with Background() as background:

        def keep(state: TrainingState) -> None:
            nonlocal saved
            inside = state.batches.given > 0
            if inside and time.monotonic() - saved < SAVE_SECONDS:
                return
            saved = time.monotonic()
            tensors = {name: each.detach().cpu().clone() for name, each in state.tensors().items()}
            background.do(partial(_write, run, tensors, state.numbers(), list(history)))
            if not inside and on_epoch is not None:
                on_epoch(history[-1])

        try:
            run.set_status("running")
            fit(
                model,
                train,
                validation,
                run.config,
                on_batch=on_batch,
                on_epoch=history.append,
                on_state=keep,
                resume=resume,
            )
            background.wait()
            run.set_status("finished")
        except KeyboardInterrupt:
            _end(run, background, "interrupted")
            raise
        except DivergedError as error:
            background.wait()  # else older weights, still being written, would replace these
            _write_model(run, model.state_dict())
            _end(run, background, "diverged")
            raise DivergedError(f"{error} The run is in {run.folder}.") from None
        except CnnlabError:
            _end(run, background, "failed")
            raise


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a run folder, so that no other program trains in it at the same time."""
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(f"{folder} is being trained by another program.") from None
    except OSError as error:
        raise RunError(f"Cannot write into {folder} ({error.strerror}).") from None
    try:
        yield
    finally:
        lock.release()


def _end(run: Run, background: Background, status: str) -> None:
    """Write how a training ended, where that can still be written."""
    try:
        background.wait()
        run.set_status(status)
    except RunError:
        pass  # the disk is full, which is why it ended; what was written before is whole


def _write(
    run: Run,
    tensors: Mapping[str, torch.Tensor],
    numbers: Mapping[str, Any],
    history: Sequence[EpochRecord],
) -> None:
    """Write figures, weights and checkpoint, in this order: the last needs the first."""
    write_bytes(run.folder / METRICS, _lines(history))
    prefix = "model."
    weights = {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
    if numbers["batch"] == 0:
        _write_model(run, weights)
    newest = run.folder / CHECKPOINT
    if newest.exists():
        move_file(newest, run.folder / CHECKPOINT_BEFORE)
    write_tensors(newest, tensors, dict(numbers))


def _sweep(folder: Path) -> None:
    """Remove what a killed program had not yet written whole."""
    for name in (CONFIG, METRICS, MODEL, CHECKPOINT):
        for left in folder.glob(f".{name}.*{PARTIAL}"):
            left.unlink(missing_ok=True)


def _newest_sound(folder: Path, notify: Callable[[str], None]) -> Resume | None:
    """Return the newest checkpoint that can be read, or None where there is none at all."""
    found = [path for name in (CHECKPOINT, CHECKPOINT_BEFORE) if (path := folder / name).exists()]
    for path in found:
        try:
            tensors, numbers = load_tensors(path)
            if type(numbers.get("epoch")) is not int or numbers["epoch"] < 1:
                raise RunError(f"{path} is damaged: it does not say its epoch.")
            return tensors, numbers
        except RunError as error:
            notify(f"{error} It is left out.")
    if found:
        raise RunError(f"{folder} has no checkpoint that can be read: train anew.")
    return None


def _write_source(run: Run, network: Network) -> None:
    """Keep the code of a network of the user's own beside what was trained with it."""
    if network.source is not None:
        write_bytes(run.folder / SOURCE, network.source.text.encode())


def _write_model(run: Run, weights: Mapping[str, torch.Tensor]) -> None:
    about = {key: run.description[key] for key in ("cnnlab", "model", "data_set")}
    write_tensors(run.folder / MODEL, weights, about)


def _lines(history: Sequence[EpochRecord]) -> bytes:
    return "".join(json.dumps(asdict(record)) + "\n" for record in history).encode()
