"""The whole workshop in one call: train both networks, tell each chapter, write the report."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

from cnnlab.custom.find import build, find_network
from cnnlab.data.own.data_set import dataset_words
from cnnlab.data.splits import PreparedSplits
from cnnlab.errors import RunError
from cnnlab.insight.predictions import Predictions
from cnnlab.runs.description import versions
from cnnlab.runs.evaluation import (
    TestResult,
    is_current,
    open_test_set,
    predictions_on,
    read_test_result,
)
from cnnlab.runs.inside import look_inside
from cnnlab.runs.job import Job
from cnnlab.runs.layout import CONFIG, HANDOUT, REPORT, RESULTS, WORKSHOP
from cnnlab.runs.run import Run, open_run
from cnnlab.runs.schema import check_settings, check_types
from cnnlab.runs.store import alone, make_folder, read_json, write_json
from cnnlab.runs.train import resume_run, tell_differences, train_run
from cnnlab.training.config import TrainConfig
from cnnlab.training.device import describe_device
from cnnlab.training.listener import Listener
from cnnlab.views.figures.colours import colour
from cnnlab.views.inside_page import image_chapter, learned_chapters
from cnnlab.views.page import Chapter, Drawing, Report
from cnnlab.views.run_facts import run_facts
from cnnlab.views.run_page import classes_chapter, mistakes_chapters, result_on_top
from cnnlab.wording import command_line, counted
from cnnlab.workshop import questions
from cnnlab.workshop.chapters import (
    VARIANTS,
    VariantResult,
    batches_chapter,
    honesty_chapter,
    images_chapter,
    learning_chapter,
    network_chapter,
    test_chapter,
    training_chapter,
    untrained_chapter,
)
from cnnlab.workshop.handout import write_handout
from cnnlab.workshop.questions import Asked, Quiz

Tell = Callable[[int, Chapter], None]
"""Receives each chapter, with its number, as soon as it is ready."""


def workshop(
    prepared: PreparedSplits,
    config: TrainConfig,
    output: Path,
    listener: Listener,
    tell: Tell,
    recipe_name: str = "workshop",
    quiz: Quiz | None = None,
) -> Path:
    """Go through the whole workshop; return the path of its report.

    Trains both variants on the device of the prepared splits, opens the test set once for each,
    and writes into the folder ``output``: ``report.html``, ``handout.html``, ``results.json``, a
    run folder for each variant, and ``workshop.json``, which `resume_workshop` needs. A ``quiz``
    asks for guesses before it shows. Raises `RunError` if the folder holds something or cannot be
    written.
    """
    make_folder(output)
    with _lock(output):
        make_folder(output)  # again: another program may have started in it until now
        plan = {
            "cnnlab": version("cnnlab"),
            "data_set": prepared.splits.data_set.name,
            "recipe": recipe_name,
            "config": asdict(config),
            "versions": versions(),
        }
        write_json(output / WORKSHOP, plan)
        course = _Course(prepared, recipe_name, config, output, listener, tell, quiz)
        return course.go_through()


@dataclass(frozen=True)
class Plan:
    """The data set, settings and versions of a workshop, as recorded in its folder."""

    folder: Path
    data_set_name: str
    recipe_name: str
    config: TrainConfig
    versions: dict[str, Any]


def open_workshop(folder: Path) -> Plan:
    """Return the plan of the workshop in a folder; raise `RunError` if there is none."""
    path = folder / WORKSHOP
    if not path.exists():
        lacks = f"it has no {WORKSHOP}" if folder.is_dir() else "there is no such folder"
        raise RunError(
            f"{folder} is not the folder of a workshop: {lacks}. Expected a folder that cnnlab "
            "workshop made. To start a new workshop:\n  cnnlab workshop"
        )
    keys = {"data_set": str, "config": dict, "versions": dict, "recipe": str}
    # cnnlab 0.1.0 wrote no recipe: it had one only.
    content = {"recipe": "workshop"} | read_json(path, ["data_set", "config", "versions"])
    check_types(path, content, keys, content)
    check_settings(path, content["config"], content)
    config = TrainConfig(**content["config"])
    return Plan(folder, content["data_set"], content["recipe"], config, content["versions"])


def resume_workshop(
    plan: Plan, prepared: PreparedSplits, listener: Listener, tell: Tell, quiz: Quiz | None = None
) -> Path:
    """Resume an interrupted workshop; return the path of its report.

    The result is bit-identical to an uninterrupted workshop, or ``listener.say`` hears why it may
    differ (`resume_run`). Finished networks are not trained again. Raises `RunError`.
    """
    splits = prepared.splits
    if splits.data_set.name != plan.data_set_name:
        raise RunError(
            f"{plan.folder} is a workshop on {plan.data_set_name}, but {splits.data_set.name} was "
            "loaded. An accuracy on one says nothing about the other."
        )
    listener = replace(listener, say=cache(listener.say))  # each difference once
    tell_differences(plan.versions, versions(), listener.say)
    with _lock(plan.folder):
        course = _Course(prepared, plan.recipe_name, plan.config, plan.folder, listener, tell, quiz)
        return course.go_through()


def _lock(folder: Path) -> AbstractContextManager[None]:
    return alone(
        folder, f"Another program is running the workshop in {folder}. Wait until it ends."
    )


def what_is_kept(folder: Path) -> str:
    """Return what is saved of an interrupted workshop, and the command to resume it."""
    if not (folder / WORKSHOP).exists():
        return "Stopped before anything was saved."
    resume = command_line("workshop", "--resume", str(folder))
    return f"Stopped. The training so far is saved in {folder}. Resume with:\n  {resume}"


@dataclass(frozen=True)
class _Course:
    """One way through the workshop. It resumes or uses the runs that are already in the folder."""

    prepared: PreparedSplits
    recipe_name: str
    config: TrainConfig
    output: Path
    listener: Listener
    tell: Tell
    quiz: Quiz | None

    def go_through(self) -> Path:
        """Train both networks and tell all chapters; write the results and the report."""
        splits, chapters, told = self.prepared.splits, list[Chapter](), count(1)
        classes = len(splits.data_set.classes)

        def tell(chapter: Chapter) -> None:
            chapters.append(chapter)
            self.tell(next(told), chapter)

        with self._asked(questions.pixels, splits):
            tell(images_chapter(splits))
        chapters.append(image_chapter(splits.stored))
        tell(batches_chapter(self.prepared, self.config))
        first = build(VARIANTS[0], self.config.seed, classes)
        with self._asked(questions.most_parameters, first):
            tell(network_chapter(first, classes))
        with self._asked(questions.untrained, first, self.prepared):
            tell(untrained_chapter(first, self.prepared))

        results: list[VariantResult] = []
        figure: Drawing | None = None
        for model_name in VARIANTS:
            job = Job(
                find_network(model_name, classes=classes),
                self.recipe_name,
                self.config,
                splits.data_set,
            )
            run = self._find_run(job)
            tell(learning_chapter(job, self._device_of(run)))
            if self.quiz:
                self.quiz.ask(questions.how_many(self.config.epochs))
            run = self._train(job, run)
            test, predictions = self._test(run)
            result = VariantResult(job.network.title, run, run.history(), test, predictions)
            results.append(result)
            tell(training_chapter(result))
            if self.quiz:
                self.quiz.tell(questions.how_many_it_is(result.history))
            tell(test_chapter(result))
            inside, own = look_inside(run), colour(VARIANTS.index(model_name))
            learned = [*learned_chapters(inside, predictions), classes_chapter(predictions, "test")]
            chapters += [replace(each, colour=own) for each in learned]
            if figure is None and inside.after:
                figure = learned[0].drawings[0]
            mistakes, *surest = mistakes_chapters(predictions, result.name, "test", inside.after)
            with self._asked(questions.most_confused, predictions):
                tell(mistakes)
            chapters += surest
        names = [each.name for each in results]
        with self._asked(questions.is_one_run_enough, names, len(splits.test)):
            tell(honesty_chapter(results, splits))

        report = Report(
            title="LeNet-5 from the first pixel to an honest result",
            subtitle=f"The workshop on {splits.data_set.title}",
            facts=run_facts(results[0].run),
            chapters=chapters,
            top=result_on_top(
                f"The workshop: {results[0].name} on {splits.data_set.title} \u00b7 one run, "
                f"{counted(self.config.epochs, 'epoch')}",
                results[0].predictions,
                "test",
            ),
            made_with=[
                command_line(
                    "workshop",
                    *dataset_words(splits.data_set.name),
                    *("--recipe", self.recipe_name),
                    *("--epochs", str(self.config.epochs), "--seed", str(self.config.seed)),
                )
            ],
        )
        write_json(self.output / RESULTS, _numbers(results))
        report.write(self.output / REPORT)
        write_handout(self.output / HANDOUT, results, splits, figure)
        return self.output / REPORT

    @contextmanager
    def _asked(self, make: Callable[..., Asked | None], *about: object) -> Iterator[None]:
        """Ask a question about something, let the block tell its chapter, and say the answer."""
        asked = make(*about) if self.quiz else None
        if self.quiz is None or asked is None:
            yield
            return
        question, answer = asked
        self.quiz.ask(question)
        yield
        self.quiz.tell(answer)

    def _find_run(self, job: Job) -> Run | None:
        """Return the run of a job if it is in the folder already, or None."""
        folder = self.output / job.network.name
        if not (folder / CONFIG).exists():
            return None
        run = open_run(folder, self.listener.say)
        if (run.model_name, run.config) != (job.network.name, job.config):
            raise RunError(
                f"{folder} is not the run of this workshop: expected {job.network.name} with the "
                f"settings in {self.output / WORKSHOP}, found others. Delete it and cnnlab will "
                "train that run again."
            )
        return run

    def _device_of(self, run: Run | None) -> str:
        """Return the device that trains a network, or that trained it if it is finished."""
        if run is not None and run.status == "finished":
            return str(run.trained_on[-1]["device"])
        return describe_device(self.prepared.device)

    def _train(self, job: Job, run: Run | None) -> Run:
        """Return the finished run of a job: the one in the folder, or a resumed or new one."""
        if run is None:
            return train_run(self.output / job.network.name, job, self.prepared, self.listener)
        if run.status == "finished":
            run.check_data_set(self.prepared.splits)
            return run
        return resume_run(run, self.prepared, self.listener)

    def _test(self, run: Run) -> tuple[TestResult, Predictions]:
        """Open the test set for a run, if it was not opened for the same weights before."""
        splits, device = self.prepared.splits, self.prepared.device
        kept = read_test_result(run)
        if kept is None or not is_current(run, kept):
            return open_test_set(run, splits, device)
        return kept, predictions_on(run, splits.test, device)


def _numbers(results: Sequence[VariantResult]) -> dict[str, Any]:
    """Return every number of the workshop, for other programs."""
    return {
        result.run.model_name: {
            "run": str(result.run.folder),
            **asdict(result.test),
            "history": [asdict(record) for record in result.history],
        }
        for result in results
    }
