"""Live progress in the terminal: of one run, of many runs, and of downloads."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from cnnlab.cli.terminal import Terminal, print_wrapped
from cnnlab.training.listener import Listener
from cnnlab.wording import percent

if TYPE_CHECKING:
    from cnnlab.experiments.comparison import FinishedRun
    from cnnlab.training.config import TrainConfig
    from cnnlab.training.history import EpochRecord


class TrainingProgress:
    """Shows a bar for one run, and a line for each epoch: in a long run, for every fifth."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[metrics]}"),
            console=terminal.progress_console,
            transient=True,
            disable=not terminal.progress_console.is_terminal,
        )
        self.epochs = 0
        self.is_hidden = False

    def __enter__(self) -> "TrainingProgress":
        self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bars.stop()

    @property
    def listener(self) -> Listener:
        """The listener that receives what happens in a run, and shows it here."""
        return Listener(self.terminal.say, self.training, self.batch, self.epoch)

    def training(self, name: str, config: "TrainConfig") -> None:
        """Start the bar of a run; it replaces the bar of the run before."""
        if self.is_hidden:
            self.bars.start()
            self.is_hidden = False
        self.epochs = config.epochs
        for task in self.bars.task_ids:
            self.bars.remove_task(task)
        self.bars.add_task(escape(name), total=1.0, metrics="")

    def hide(self) -> None:
        """Hide the bar until the next run starts: it would draw over what a person types."""
        self.bars.stop()
        self.is_hidden = True

    def batch(self, epoch: int, batch: int, batches: int) -> None:
        """Move the bar forward by one mini-batch."""
        done = (epoch - 1 + batch / batches) / self.epochs
        self.bars.update(self.bars.task_ids[0], completed=done)

    def epoch(self, record: "EpochRecord") -> None:
        """Show the metrics of an epoch: beside the bar, and as a line that stays."""
        from cnnlab.views.sentences import epoch_sentence

        validation = percent(record.validation_accuracy)
        self.bars.update(self.bars.task_ids[0], metrics=f"validation {validation}")
        if record.epoch in (1, self.epochs) or record.epoch % 5 == 0 or self.epochs <= 10:
            line = epoch_sentence(record, self.epochs)
            print_wrapped(self.terminal.progress_console, line)


@contextmanager
def comparing(
    terminal: Terminal, total: int, kept: "Sequence[FinishedRun]"
) -> Iterator["RunsProgress"]:
    """Show a bar for all runs, and a line for each run that ends, while the block runs.

    Runs that are ``kept`` from before count in the means so far.
    """
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.completed}/{task.total} runs"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[left]}"),
        console=terminal.progress_console,
        transient=True,
        disable=not terminal.progress_console.is_terminal,
    )
    progress = RunsProgress(bars, total)
    for each in kept:
        progress.add(each)
    with bars:
        yield progress


class RunsProgress:
    """Call it with each run that ends. It shows the run, the mean so far and the time left."""

    def __init__(self, bars: Progress, total: int) -> None:
        self.bars = bars
        self.total = total
        self.start = time.monotonic()
        self.done = 0
        self.values: dict[str, list[float]] = {}
        self.task = bars.add_task("", total=total, left="")

    def add(self, finished: "FinishedRun") -> bool:
        """Add a run to its variant's mean; return whether it counts there."""
        from cnnlab.training.history import has_learned

        run = finished.run
        counts = run.status == "finished" and has_learned(run.history(), run.class_count)
        if counts:
            values = self.values.setdefault(finished.variant.name, [])
            values.append(100 * run.history()[-1].validation_accuracy)
        return counts

    def __call__(self, finished: "FinishedRun") -> None:
        """Print a line for the run, and move the bar forward."""
        from cnnlab.experiments.statistics import mean_interval
        from cnnlab.views.sentences import duration

        self.done += 1
        name, run = finished.variant.name, finished.run
        told = f"{self.done:>{len(str(self.total))}}/{self.total}  {name}, seed {finished.seed}: "
        if self.add(finished):
            values = self.values[name]
            told += f"{values[-1]:.2f} % validation"
            if len(values) > 1:
                mean = mean_interval(values)
                told += f"; mean so far {mean.estimate:.2f} %"
                if len(values) > 2:  # from two values, it would be as wide as 40 points
                    told += f" +/- {mean.high - mean.estimate:.2f}"
                told += f" ({len(values)} runs)"
        else:
            status = "learned nothing" if run.status == "finished" else run.status
            told += f"{status}, excluded from the mean"
        left = (time.monotonic() - self.start) / self.done * (self.total - self.done)
        words = f"about {duration(left)} left" if self.done < self.total else ""
        self.bars.update(self.task, completed=self.done, left=words)
        print_wrapped(self.bars.console, f"{told}{words and '; '}{words}")


@contextmanager
def fetching(terminal: Terminal) -> Iterator["FetchProgress"]:
    """Show a bar for each file that is downloaded while the block runs."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=terminal.progress_console,
        disable=not terminal.progress_console.is_terminal,
    )
    try:
        yield FetchProgress(bars)
    finally:
        bars.stop()


class FetchProgress:
    """Call it with a file's name and its bytes so far. It shows them as a bar."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.tasks: dict[str, object] = {}

    def __call__(self, name: str, done: int, total: int | None) -> None:
        """Show ``done`` of ``total`` bytes in the file's bar."""
        if name not in self.tasks:
            self.bars.start()
            self.tasks[name] = self.bars.add_task(name, total=total)
        self.bars.update(self.tasks[name], completed=done, total=total)  # type: ignore[arg-type]
