"""Train into a run folder, so that nothing is lost; and go on where a training was stopped."""

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from numpy.typing import NDArray
from torch import nn

from cnnlab.data.splits import Splits
from cnnlab.data.tensors import TensorSet
from cnnlab.errors import CnnlabError, DivergedError, RunError
from cnnlab.files import PARTIAL
from cnnlab.models.catalog import ModelSpec
from cnnlab.runs.description import describe, versions
from cnnlab.runs.layout import CHECKPOINT, CHECKPOINT_BEFORE, CONFIG, METRICS, MODEL, SOURCE
from cnnlab.runs.run import Run, open_run
from cnnlab.runs.store import alone, make_folder, move_file, write_bytes, write_tensors
from cnnlab.runs.weights import Checkpoint, model_tensors
from cnnlab.runs.writer import Background
from cnnlab.training.config import TrainConfig
from cnnlab.training.device import describe_device
from cnnlab.training.loop import EpochRecord, History, fit
from cnnlab.training.state import TrainingState
from cnnlab.wording import counted

SAVE_SECONDS = 30.0
"""Inside an epoch a checkpoint is written this often; and after every epoch."""

OnBatch = Callable[[int, int, int], None]
OnEpoch = Callable[[EpochRecord], None]


@dataclass(frozen=True)
class Trained:
    """What one of many trainings gave: its place in the list, its epochs, its weights.

    Where it did not finish, ``fault`` says why. The weights of one that diverged are the last
    whose loss was finite; one that failed, because its network's code did, may have none.
    """

    place: int
    status: Literal["finished", "diverged", "failed"]
    history: History
    weights: dict[str, NDArray[Any]]
    device: str
    fault: str | None = None


def train_run(
    folder: Path,
    *,
    network: ModelSpec,
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
    network: ModelSpec | None = None,
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
    refuse_what_is_over(run)
    here = {"device": describe_device(train.images.device), **versions()}
    model = (network or run.network()).build(run.config.seed)
    with _alone(run.folder):
        run.description = open_run(run.folder).description  # until now another may have gone on
        refuse_what_is_over(run)
        _sweep(run.folder)
        resume = _newest_sound(run, notify)
        history = _history_behind(run, resume, notify)
        if resume is not None and resume.path.name == CHECKPOINT_BEFORE:
            # The next save would put the damaged one in the place of the only sound one.
            (run.folder / CHECKPOINT).unlink(missing_ok=True)
        if tell_differences(run.trained_on[-1], here, notify):
            resumed = {**here, "epoch": len(history) + 1}
            run.description["resumed"] = [*run.trained_on[1:], resumed]
        _train(run, model, train, validation, history, resume, on_batch, on_epoch)
    return run


def refuse_what_is_over(run: Run) -> None:
    """Raise `RunError` where a run is finished or has diverged: nothing is left to go on with."""
    if run.status == "finished":
        raise RunError(
            f"{run.folder} is finished: there is nothing to go on with after its "
            f"{counted(run.config.epochs, 'epoch')}. To train longer, begin a new run with more:\n"
            f"  {run.train_command(epochs=2 * run.config.epochs)}"
        )
    if run.status == "diverged":
        raise RunError(
            f"{run.folder} has diverged: there is nothing to go on with. Begin a new run with "
            "smaller steps:\n  "
            f"{run.train_command(learning_rate=f'{run.config.learning_rate / 10:g}')}"
        )


def tell_differences(
    there: Mapping[str, Any], here: Mapping[str, Any], notify: Callable[[str], None]
) -> bool:
    """Tell of each thing a result depends on that is not what it was; return if any is."""
    differing = [name for name, value in here.items() if value != there.get(name)]
    for name in differing:
        notify(
            f"{name} was {there.get(name)}, and is {here[name]}: the results may differ from "
            "those of a run never stopped."
        )
    return bool(differing)


def what_is_kept(folder: Path) -> str:
    """Return what there is of a training that was stopped, and the commands to go on and see it."""
    if not (folder / CONFIG).exists():
        return "Stopped before anything was kept."
    try:
        run = open_run(folder)
        epochs = len(run.history())
    except RunError as error:
        return f"Stopped. {error}"
    go_on = f"Go on with:\n  {run.command('train', '--resume')}"
    if not epochs:
        return f"Stopped in the first epoch; its settings are kept in {folder}. {go_on}"
    return (
        f"Stopped after {epochs} of {counted(run.config.epochs, 'epoch')}, kept in {folder}. "
        f"{go_on}\nor see it with:\n  {run.command('report')}"
    )


def _history_behind(run: Run, resume: Checkpoint | None, notify: Callable[[str], None]) -> History:
    """Return the figures of the epochs that ended before a checkpoint."""
    history, metrics = run.history(), run.folder / METRICS
    if resume is None:
        # The figures are written first and the checkpoint last: a kill between may leave one epoch.
        if len(history) > 1 or ((run.folder / MODEL).exists() and not history):
            raise RunError(
                f"{run.folder} holds {counted(len(history), 'epoch')} and a network, but "
                f"{CHECKPOINT}, to go on from, is missing: nothing was changed. Put it back from "
                f"a copy, or train again:\n  {run.train_command()}\n"
                f"What was kept is still seen:\n  {run.command('report')}"
            )
        notify(f"{run.folder} was stopped before its first epoch ended: it begins anew.")
        return []
    if len(history) < resume.epochs:
        found = f"has the figures of {counted(len(history), 'epoch')}"
        raise RunError(
            f"{run.folder} cannot go on, it is damaged: {METRICS} "
            f"{found if metrics.exists() else 'is missing'}; expected those of {resume.epochs}, as "
            f"many as ended before {resume.path.name}. Nothing was changed. Put it back from a "
            f"copy, or train again:\n  {run.train_command()}"
        )
    return history[: resume.epochs]


def keep_run(
    folder: Path, network: ModelSpec, description: dict[str, Any], trained: Trained
) -> Run:
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
        weights = {name: torch.from_numpy(each) for name, each in trained.weights.items()}
        _write_model(run, weights, len(trained.history))
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
    resume: Checkpoint | None,
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
                resume=(resume.tensors, resume.numbers) if resume else None,
            )
            background.wait()
            run.set_status("finished")
        except KeyboardInterrupt:
            _end(run, background, "interrupted")
            raise
        except DivergedError as error:
            background.wait()  # else older weights, still being written, would replace these
            _write_model(run, model.state_dict(), len(history))
            _end(run, background, "diverged")
            raise DivergedError(f"{error} The run is in {run.folder}.") from None
        except CnnlabError:
            _end(run, background, "failed")
            raise


def _alone(folder: Path) -> AbstractContextManager[None]:
    return alone(folder, f"{folder} is being trained by another program.")


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
    if numbers["batch"] == 0:
        _write_model(run, model_tensors(tensors), len(history))
    newest = run.folder / CHECKPOINT
    if newest.exists():
        move_file(newest, run.folder / CHECKPOINT_BEFORE)
    write_tensors(newest, tensors, {**numbers, "model": run.model_name})


def _sweep(folder: Path) -> None:
    """Remove what a killed program had not yet written whole."""
    for name in (CONFIG, METRICS, MODEL, CHECKPOINT, SOURCE):
        for left in folder.glob(f".{name}.*{PARTIAL}"):
            left.unlink(missing_ok=True)


def _newest_sound(run: Run, notify: Callable[[str], None]) -> Checkpoint | None:
    """Return the newest checkpoint that can be read, or None where there is none at all."""
    newest = next(run.checkpoints(notify), None)
    if newest is None and any(
        (run.folder / each).exists() for each in (CHECKPOINT, CHECKPOINT_BEFORE)
    ):
        raise RunError(
            f"{run.folder} has no checkpoint that can be read: train anew, in a new run:\n  "
            f"{run.train_command()}"
        )
    return newest


def _write_source(run: Run, network: ModelSpec) -> None:
    """Keep the code of a network of the user's own beside what was trained with it."""
    if network.source is not None:
        write_bytes(run.folder / SOURCE, network.source.text.encode())


def _write_model(run: Run, weights: Mapping[str, torch.Tensor], epochs: int) -> None:
    about = {key: run.description[key] for key in ("cnnlab", "model", "data_set")}
    write_tensors(run.folder / MODEL, weights, about | {"epochs": epochs})


def _lines(history: Sequence[EpochRecord]) -> bytes:
    return "".join(json.dumps(asdict(record)) + "\n" for record in history).encode()
