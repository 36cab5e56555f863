"""Train into a run folder, so that nothing is lost; resume an interrupted run."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cnnlab.custom.network import explained, split_name
from cnnlab.data.splits import PreparedSplits, Splits
from cnnlab.errors import DivergedError, RunError
from cnnlab.notices import Notify
from cnnlab.runs.description import describe, describe_data, versions
from cnnlab.runs.job import Job
from cnnlab.runs.layout import CHECKPOINT, CHECKPOINT_BEFORE, CONFIG, METRICS, MODEL
from cnnlab.runs.run import Run, new_run, open_run
from cnnlab.runs.store import alone, make_folder
from cnnlab.runs.weights import Checkpoint, newest_checkpoint
from cnnlab.runs.writer import BackgroundWriter, sweep, write_model, write_source, write_state
from cnnlab.training.device import describe_device
from cnnlab.training.history import History
from cnnlab.training.listener import Listener
from cnnlab.training.loop import fit
from cnnlab.training.state import TrainingState
from cnnlab.wording import counted

_OUT_OF_MEMORY = re.compile(r"tried to allocate|out of memory|not enough memory")
SAVE_SECONDS = 30.0
"""Seconds between two checkpoints within an epoch. Every epoch also ends with a checkpoint."""


def train_run(
    folder: Path,
    job: Job,
    prepared: PreparedSplits,
    listener: Listener = Listener(),
) -> Run:
    """Train one network and save everything in a new or empty folder; return the finished run.

    After each epoch its metrics, its weights and everything needed to resume are on the disk.
    Ctrl-C (`KeyboardInterrupt`) and `DivergedError` pass through, after the status is written.
    Raises `RunError` if the folder holds something or cannot be written.
    """
    model = job.network.build(job.config.seed)
    make_folder(folder)
    with _alone(folder):
        make_folder(folder)  # again: another program may have trained in it until now
        sweep(folder)
        run = new_run(folder, describe(job, model, prepared.splits, prepared.device), job.network)
        write_source(run)
        _train(run, model, prepared, [], None, listener)
    return run


def find_same_run(folder: Path, job: Job, splits: Splits, device: torch.device) -> Run | None:
    """Return a finished run in a folder that another training would only repeat, or None.

    Everything that its numbers depend on is equal: network, settings, images, device, versions.
    """
    source = job.network.source
    wanted: dict[str, Any] = {
        "source_sha256": source and source.sha256,
        "config": asdict(job.config),
        "data_set": _without_source(describe_data(splits)),
        "device": describe_device(device),
        "versions": versions(),
    }
    for path in sorted(folder.glob(f"*/{CONFIG}"), key=lambda path: (len(path.parts[-2]), path)):
        try:
            run = open_run(path.parent)
            found = {key: run.description.get(key) for key in wanted}
            found["data_set"] = _without_source(run.description["data_set"])
            is_same = found == wanted and run.status == "finished"
            names = [split_name(name)[1] for name in (run.model_name, job.network.name)]
            if is_same and names[0] == names[1] and run.history():
                run.network = job.network
                return run
        except RunError:
            continue  # a damaged run repeats nothing
    return None


def _without_source(data_set: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a data set without where its files lay: they are the same."""
    return {key: value for key, value in data_set.items() if key != "source"}


def resume_run(run: Run, prepared: PreparedSplits, listener: Listener) -> Run:
    """Resume an interrupted run; the result is bit-identical to an uninterrupted run.

    On another device, processor or version it may differ: ``listener.say`` hears this. Raises
    `RunError` if there is nothing to resume.
    """
    run.check_data_set(prepared.splits)
    refuse_finished(run)
    here = {"device": describe_device(prepared.device), **versions()}
    model = run.network.build(run.config.seed)
    with _alone(run.folder):
        run.description = open_run(run.folder).description  # another program may have resumed it
        refuse_finished(run)
        sweep(run.folder)
        checkpoint = newest_checkpoint(run, listener.say)
        history = _history_before(run, checkpoint, listener.say)
        if checkpoint is not None and checkpoint.path.name == CHECKPOINT_BEFORE:
            # Otherwise the next save would replace the only good checkpoint by the damaged one.
            (run.folder / CHECKPOINT).unlink(missing_ok=True)
        if tell_differences(run.trained_on[-1], here, listener.say):
            resumed = {**here, "epoch": len(history) + 1}
            run.description["resumed"] = [*run.trained_on[1:], resumed]
        _train(run, model, prepared, history, checkpoint, listener)
    return run


def refuse_finished(run: Run) -> None:
    """Raise `RunError` if a run is finished or has diverged: there is nothing to resume."""
    if run.status == "finished":
        raise RunError(
            f"{run.folder} is finished ({counted(run.config.epochs, 'epoch')}): there is nothing "
            "to resume. To train longer, start a new run with more epochs:\n"
            f"  {run.train_command(epochs=2 * run.config.epochs)}"
        )
    if run.status == "diverged":
        raise RunError(
            f"{run.folder} has diverged (its loss became NaN or infinite): it cannot be resumed. "
            "Start a new run with a lower learning rate:\n  "
            f"{run.train_command(learning_rate=f'{run.config.learning_rate / 10:g}')}"
        )


def tell_differences(there: Mapping[str, Any], here: Mapping[str, Any], notify: Notify) -> bool:
    """Report what has changed of all that a result depends on; return whether anything has."""
    differing = [name for name, value in here.items() if value != there.get(name)]
    for name in differing:
        notify(
            f"{name} was {there.get(name)} and is now {here[name]}: the result may differ from "
            "that of an uninterrupted run."
        )
    return bool(differing)


def what_is_kept(folder: Path) -> str:
    """Return what is saved of an interrupted run, and the commands to resume it and to see it."""
    if not (folder / CONFIG).exists():
        return "Stopped before anything was saved."
    try:
        run = open_run(folder)
        epochs = len(run.history())
    except RunError as error:
        return f"Stopped. {error}"
    resume = f"Resume with:\n  {run.command('train', '--resume')}"
    if not epochs:
        return f"Stopped in the first epoch. The run is saved in {folder}. {resume}"
    return (
        f"Stopped after {epochs} of {counted(run.config.epochs, 'epoch')}. The run is saved in "
        f"{folder}. {resume}\nOr see its report:\n  {run.command('report')}"
    )


def _history_before(run: Run, checkpoint: Checkpoint | None, notify: Notify) -> History:
    """Return the metrics of the epochs that ended before a checkpoint."""
    history, metrics = run.history(), run.folder / METRICS
    if checkpoint is None:
        # Metrics are written first, the checkpoint last: a kill in between may leave one epoch.
        if len(history) > 1 or ((run.folder / MODEL).exists() and not history):
            raise RunError(
                f"{run.folder} has {counted(len(history), 'epoch')} and a network, but "
                f"{CHECKPOINT} is missing. It is needed to resume. Nothing was changed. Restore "
                f"it from a copy, or train again:\n  {run.train_command()}\n"
                f"You can still see its report:\n  {run.command('report')}"
            )
        notify(
            f"{run.folder} was stopped before its first epoch ended: it starts again from the "
            "beginning."
        )
        return []
    if len(history) < checkpoint.epochs:
        found = f"has the metrics of {counted(len(history), 'epoch')}"
        raise RunError(
            f"{run.folder} cannot be resumed because it is damaged: {METRICS} "
            f"{found if metrics.exists() else 'is missing'}; expected "
            f"{counted(checkpoint.epochs, 'epoch')}, as in {checkpoint.path.name}. Nothing was "
            f"changed. Restore the file from a copy, or train again:\n  {run.train_command()}"
        )
    return history[: checkpoint.epochs]


def _train(
    run: Run,
    model: nn.Module,
    prepared: PreparedSplits,
    history: History,
    checkpoint: Checkpoint | None,
    listener: Listener,
) -> None:
    saved = time.monotonic()
    listener.training(run.network.title, run.config)
    with BackgroundWriter() as writer:

        def keep(state: TrainingState) -> None:
            nonlocal saved
            inside = state.batches.given > 0
            if inside and time.monotonic() - saved < SAVE_SECONDS:
                return
            saved = time.monotonic()
            tensors = {name: each.detach().cpu().clone() for name, each in state.tensors().items()}
            writer.do(partial(write_state, run, tensors, state.numbers(), list(history)))
            if not inside:
                listener.epoch(history[-1])

        try:
            run.set_status("running")
            with explained(run.network.source, "Training"), _memory_explained(run):
                fit(
                    model,
                    prepared.train,
                    prepared.validation,
                    run.config,
                    listener=replace(listener, epoch=history.append, state=keep),
                    resume=(checkpoint.tensors, checkpoint.numbers) if checkpoint else None,
                )
            writer.wait()
            run.set_status("finished")
        except KeyboardInterrupt:
            _end(run, writer, "interrupted")
            raise
        except DivergedError as error:
            writer.wait()  # otherwise older weights, still being written, would replace these
            write_model(run, model.state_dict(), len(history))
            _end(run, writer, "diverged")
            raise DivergedError(f"{error} The run is in {run.folder}.") from None
        except Exception:
            _end(run, writer, "failed")
            raise


@contextmanager
def _memory_explained(run: Run) -> Iterator[None]:
    """Turn too little memory for a batch into a `RunError` that says which size to try."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not _OUT_OF_MEMORY.search(str(error)):
            raise
        images = run.config.batch_size
        smaller = run.train_command(batch_size=max(1, images // 4))
        raise RunError(
            f"This machine has too little memory to train on {counted(images, 'image')} at a time. "
            + (f"Try fewer:\n  {smaller}" if images > 1 else "Make the network's layers smaller.")
        ) from None


def _alone(folder: Path) -> AbstractContextManager[None]:
    return alone(folder, f"Another program is training {folder}. Wait until it has ended.")


def _end(run: Run, writer: BackgroundWriter, status: str) -> None:
    """Write the last status of a run, if it can still be written."""
    try:
        writer.wait()
        run.set_status(status)
    except RunError:
        pass  # the disk is full, which ended the run; everything saved before is complete
