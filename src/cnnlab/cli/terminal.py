"""What a person sees in the terminal: messages, chapters, live progress, small pictures."""

import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console
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
from rich.table import Table
from rich.text import Text

from cnnlab.wording import percent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cnnlab.custom.check import CheckReport
    from cnnlab.experiments.comparison import Finished
    from cnnlab.experiments.results import Results
    from cnnlab.training.config import TrainConfig
    from cnnlab.training.loop import EpochRecord
    from cnnlab.views.page import Chapter


_RAMP = " .:-=+*#%@"


class Terminal:
    """Results go to standard output, all else to standard error; with JSON, all but the JSON."""

    def __init__(self, json_wanted: bool = False) -> None:
        self.progress_console = Console(stderr=True, highlight=False)
        self.console = self.progress_console if json_wanted else Console(highlight=False)
        self._progress: Progress | None = None
        self._config: TrainConfig | None = None

    def say(self, message: str) -> None:
        """Print a sentence about what happens."""
        _print(self.progress_console, message, "dim")

    def show(self, message: str) -> None:
        """Print a result."""
        _print(self.console, message)

    def error(self, message: str) -> None:
        """Print what went wrong."""
        _print(self.progress_console, message, before="Error: ")

    def table(self, headings: list[str], rows: list[list[str]], title: str = "") -> None:
        """Print a table; the first column is words, the others are figures."""
        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
        for index, heading in enumerate(headings):
            justify: Literal["left", "right"] = "right" if index else "left"
            table.add_column(heading, justify=justify, header_style="bold", no_wrap=not index)
        for row in rows:
            table.add_row(*[escape(cell) for cell in row])
        self.console.print(table)

    def chapter(self, number: int, chapter: "Chapter") -> None:
        """Print a chapter as the report has it, without its pictures."""
        self.console.print()
        self.console.rule(f"[bold]{number}  {escape(chapter.title)}", align="left", style="blue")
        for paragraph in chapter.paragraphs:
            self.console.print(escape(paragraph), width=min(self.console.width, 88))
        if chapter.table:
            self.console.print()
            self.table(list(chapter.table.headings), [list(row) for row in chapter.table.rows])

    def picture(self, image: "NDArray[np.uint8]") -> None:
        """Print a grey image, two pixels a character; as letters where there is no colour."""
        if self.console.color_system in ("truecolor", "256"):
            for top, bottom in zip(image[::2], image[1::2], strict=True):
                line = Text("  ")
                for upper, lower in zip(top, bottom, strict=True):
                    line.append(
                        "\u2580",
                        f"rgb({upper},{upper},{upper}) on rgb({lower},{lower},{lower})",
                    )
                self.console.print(line)
            return
        for top, bottom in zip(image[::2].astype(int), image[1::2].astype(int), strict=True):
            levels = (top + bottom) // 2 * (len(_RAMP) - 1) // 255
            self.console.print(Text("  " + "".join(_RAMP[level] for level in levels)))

    # --- live progress ------------------------------------------------------------------

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show progress bars while the body runs."""
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self.progress_console,
            transient=True,
            disable=not self.progress_console.is_terminal,
        )
        try:
            with self._progress:
                yield
        finally:
            self._progress = None

    def checked(self, checked: "CheckReport") -> None:
        """Print a network's layers with their costs, and what was found, the gravest first."""
        from cnnlab.views.run_page import layers_table

        if checked.layers:
            table = layers_table(checked)
            self.table(list(table.headings), [list(row) for row in table.rows])
            self.console.print()
        colours = {"stops": "bold red", "spoils": "bold yellow", "none": "bold blue"}
        words = {"stops": "Stops it", "spoils": "Spoils it", "none": "To know"}
        for finding in checked.findings:
            effect = finding.effect
            self.console.print(f"[{colours[effect]}]{words[effect]}:[/] {escape(finding.message)}")
        if checked.is_sound:
            self.console.print(f"[bold]{escape(checked.name)} is ready to train.")

    @contextmanager
    def comparing(self, total: int, kept: "Sequence[Finished]") -> Iterator["RunsProgress"]:
        """Show a bar of all trainings and a line for each that has ended while the body runs.

        The runs that are ``kept`` from before are in the means so far.
        """
        bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.completed}/{task.total} trainings"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[left]}"),
            console=self.progress_console,
            transient=True,
            disable=not self.progress_console.is_terminal,
        )
        progress = RunsProgress(bars, total)
        for each in kept:
            progress.add(each)
        with bars:
            yield progress

    def comparison(self, results: "Results", folder: Path) -> None:
        """Print a comparison's result as its report has it, in ten lines."""
        from cnnlab.views.comparison_page import means_table
        from cnnlab.views.sentences import (
            claims,
            failures_sentence,
            faults_sentence,
            how_judged,
            overfitting_sentence,
            verdict_sentence,
            what_would_settle,
        )

        table = means_table(results)
        self.console.print()
        self.table(list(table.headings), [list(row) for row in table.rows])
        self.console.print()
        for judged in results.judged:
            self.console.print(f"[bold]{escape(verdict_sentence(judged, results))}")
            lines = [
                what_would_settle(judged, results),
                *claims(judged, results)[1:],
                failures_sentence(judged, results),
            ]
            for line in filter(None, lines):
                self.console.print(escape(line))
        for each in results.outcomes:
            for line in filter(None, [faults_sentence(each), overfitting_sentence(each)]):
                self.console.print(escape(line))
        self.say(how_judged(results))
        self.show(f"The report: {folder / 'report.html'}")

    @contextmanager
    def fetching(self) -> Iterator["FetchProgress"]:
        """Show a bar for each file that is fetched while the body runs."""
        bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=self.progress_console,
            disable=not self.progress_console.is_terminal,
        )
        try:
            yield FetchProgress(bars)
        finally:
            bars.stop()

    def training(self, name: str, config: "TrainConfig") -> None:
        """Start the bar of a training."""
        self._config = config
        if self._progress is not None:
            for task in self._progress.task_ids:
                self._progress.remove_task(task)
            self._progress.add_task(escape(name), total=1.0, figures="")

    def batch(self, epoch: int, batch: int, batches: int) -> None:
        """Move the bar on by a mini-batch."""
        if self._progress is not None and self._config is not None:
            done = (epoch - 1 + batch / batches) / self._config.epochs
            self._progress.update(self._progress.task_ids[0], completed=done)

    def epoch(self, record: "EpochRecord") -> None:
        """Show an epoch's figures: beside the bar, and as lines to keep."""
        if self._config is None:
            return
        figures = (
            f"train loss {record.train_loss:.4f}, {percent(record.train_accuracy)}; "
            f"validation loss {record.validation_loss:.4f}, "
            f"{percent(record.validation_accuracy)}; {record.seconds:.1f} s"
        )
        epochs = self._config.epochs
        if self._progress is not None:
            self._progress.update(
                self._progress.task_ids[0],
                figures=f"validation {percent(record.validation_accuracy)}",
            )
        if record.epoch in (1, epochs) or record.epoch % 5 == 0 or epochs <= 10:
            _print(
                self.progress_console,
                f"Epoch {record.epoch:>{len(str(epochs))}}/{epochs}: {figures}",
            )


def _print(console: Console, message: str, style: str = "", before: str = "") -> None:
    """Print a message, on a terminal wrapped between words; a file gets its lines whole.

    A line that begins with two spaces is a command: it stays one line, so that it can be pasted.
    """
    for line in (before + message).split("\n"):
        parts = [line]
        if console.is_terminal and not line.startswith("  "):
            parts = textwrap.wrap(
                line, console.width, break_long_words=False, break_on_hyphens=False
            ) or [""]
        for part in parts:
            text = Text(part, style)
            if before:
                text.stylize("bold red", 0, len(before))
                before = ""
            console.print(text, soft_wrap=True)


class RunsProgress:
    """Called with each run that has ended; shows it, the means so far and the time left."""

    def __init__(self, bars: Progress, total: int) -> None:
        self.bars = bars
        self.total = total
        self.start = time.monotonic()
        self.done = 0
        self.values: dict[str, list[float]] = {}
        self.task = bars.add_task("", total=total, left="")

    def add(self, finished: "Finished") -> bool:
        """Take a run into its variant's mean; return whether it belongs there."""
        from cnnlab.experiments.results import has_learnt

        run = finished.run
        counts = run.status == "finished" and has_learnt(run.history())
        if counts:
            values = self.values.setdefault(finished.variant.name, [])
            values.append(100 * run.history()[-1].validation_accuracy)
        return counts

    def __call__(self, finished: "Finished") -> None:
        """Print a line for the run, and move the bar on."""
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
                half = mean.high - mean.estimate
                told += f"; so far {mean.estimate:.2f} +/- {half:.2f} (n {len(values)})"
        else:
            status = "learnt nothing" if run.status == "finished" else run.status
            told += f"{status}, counted and in no mean"
        left = (time.monotonic() - self.start) / self.done * (self.total - self.done)
        words = f"about {duration(left)} left" if self.done < self.total else ""
        self.bars.update(self.task, completed=self.done, left=words)
        _print(self.bars.console, f"{told}{words and '; '}{words}")


class FetchProgress:
    """Called with a file's name and its bytes so far; shows them as a bar."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.tasks: dict[str, object] = {}

    def __call__(self, name: str, done: int, total: int | None) -> None:
        """Move the file's bar to ``done`` of ``total`` bytes."""
        if name not in self.tasks:
            self.bars.start()
            self.tasks[name] = self.bars.add_task(name, total=total)
        self.bars.update(self.tasks[name], completed=done, total=total)  # type: ignore[arg-type]


def is_interactive() -> bool:
    """Return whether a person sits at the terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()
