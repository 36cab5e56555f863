"""A comparison: train every variant on every seed, save each run as it ends, then judge."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import torch

from cnnlab.data.batches import check_mirroring
from cnnlab.data.splits import PreparedSplits, Splits
from cnnlab.data.tensors import TensorSet, prepare
from cnnlab.errors import RunError
from cnnlab.experiments.jobs import fit_many
from cnnlab.experiments.results import ComparisonResult, Split, VariantRuns, judge_all
from cnnlab.experiments.variants import Variant
from cnnlab.runs.description import describe, describe_data, versions
from cnnlab.runs.evaluation import compute_logits, keep_test_result
from cnnlab.runs.layout import PLAN
from cnnlab.runs.run import Run, open_run
from cnnlab.runs.schema import check_types
from cnnlab.runs.store import alone, make_lasting, read_json, write_json
from cnnlab.runs.weights import read_weights
from cnnlab.runs.writer import keep_run
from cnnlab.training.history import History, has_learned
from cnnlab.wording import percent


@dataclass(frozen=True)
class FinishedRun:
    """A run that has just ended, with its variant and its seed."""

    variant: Variant
    seed: int
    run: Run


class Comparison:
    """A comparison's folder: its plan, its run folders, and which results were looked at."""

    def __init__(self, folder: Path, variants: Sequence[Variant], plan: dict[str, Any]) -> None:
        self.folder = folder
        self.variants = list(variants)
        self.plan = plan

    def run_folder(self, variant: Variant, seed: int) -> Path:
        """Return the folder for the run of a variant and seed."""
        return self.folder / variant.slug / f"seed-{seed}"

    def run(self, variant: Variant, seed: int) -> Run | None:
        """Return an ended run, or None; raise `RunError` if the folder holds another run."""
        folder = self.run_folder(variant, seed)
        if not folder.exists():
            return None
        run = open_run(folder)
        source = variant.network.source
        if run.config != variant.settings(seed) or run.description.get("source_sha256") != (
            source and source.sha256
        ):
            raise RunError(
                f"{folder} is not the run of {variant.name} on seed {seed}: it was copied here or "
                "changed. Delete it and cnnlab will train that run again."
            )
        run.network = variant.network
        return run

    def kept(self, seeds: int) -> list[FinishedRun]:
        """Return the runs, up to that many seeds, that are already there."""
        wanted = [(variant, seed) for variant in self.variants for seed in range(seeds)]
        return [
            FinishedRun(variant, seed, run)
            for variant, seed in wanted
            if (run := self.run(variant, seed)) is not None and run.status != "failed"
        ]

    def missing(self, seeds: int) -> list[tuple[Variant, int]]:
        """Return what is still to train, seed by seed, so that all variants advance together."""
        wanted = [(variant, seed) for seed in range(seeds) for variant in self.variants]
        found = [(*each, self.run(*each)) for each in wanted]
        return [
            (variant, seed) for variant, seed, run in found if run is None or run.status == "failed"
        ]

    def train(
        self,
        seeds: int,
        prepared: PreparedSplits,
        *,
        processes: int | None = None,
        client: Any = None,
        on_run: Callable[[FinishedRun], None] = lambda _: None,
    ) -> None:
        """Train the missing runs up to that many seeds; save each run as it ends."""
        missing = self.missing(seeds)
        models = {variant.name: variant.network.build(seed=0) for variant, _ in missing}
        jobs = [variant.job(seed, prepared.splits.data_set) for variant, seed in missing]
        for result in fit_many(jobs, prepared, processes=processes, client=client):
            variant, seed = missing[result.place]
            model, device = models[variant.name], torch.device("cpu")
            description = describe(jobs[result.place], model, prepared.splits, device)
            folder = self.run_folder(variant, seed)
            run = keep_run(folder, description, variant.network, result)
            on_run(FinishedRun(variant, seed, run))

    def look(
        self, seeds: int, prepared: PreparedSplits, on: Split, matters: float
    ) -> ComparisonResult:
        """Return the results with that many seeds; record that somebody looked at them.

        If ``on`` is "test", the use of the test set is counted. The verdict is that for a fixed
        number of seeds only if this number was fixed before the first run, and if nobody has
        looked at results with another number since.
        """
        looks = self.plan["looks"]
        peeked = seeds != self.plan["seeds"] or (bool(looks) and looks[0] != seeds)
        splits = prepared.splits
        images = splits.test if on == "test" else splits.validation
        tensors = prepare(images) if on == "test" else prepared.validation
        if on == "test":  # the test set is not used if the weights of a run are lost
            for each in self.kept(seeds):
                if each.run.status == "finished":
                    read_weights(each.run)
            # Counted before the first prediction: it counts even if it is interrupted then.
            self.plan["test_openings"] += 1
            write_json(self.folder / PLAN, self.plan)
        variants = [self._runs_of(variant, seeds, tensors, on) for variant in self.variants]
        self.plan["looks"] = list(dict.fromkeys([*looks, seeds]))
        write_json(self.folder / PLAN, self.plan)
        return ComparisonResult(
            on=on,
            images=images,
            seeds=seeds,
            matters=matters,
            peeked=peeked,
            test_openings=self.plan["test_openings"],
            variants=variants,
            verdicts=judge_all(variants, matters, peeked),
            processes=joblib.cpu_count(),
        )

    def _runs_of(self, variant: Variant, seeds: int, tensors: TensorSet, on: Split) -> VariantRuns:
        finished: dict[int, Run] = {}
        histories: list[History] = []
        failures: dict[int, str] = {}
        for seed in range(seeds):
            run = self.run(variant, seed)
            if run is None:
                continue
            if run.status != "finished":
                failures[seed] = f"{run.status}: {run.description.get('fault')}"
                continue
            history = run.history()
            if has_learned(history, run.class_count):
                finished[seed] = run
                histories.append(history)
            else:
                failures[seed] = (
                    f"{percent(history[-1].train_accuracy, 0)} of its training images correct"
                )
        correct = torch.empty(len(finished), len(tensors.labels), dtype=torch.bool)
        for row, run in zip(correct, finished.values(), strict=True):
            weights = read_weights(run)
            logits = compute_logits(run, tensors.images, weights)
            row.copy_(logits.argmax(dim=1) == tensors.labels)
            if on == "test":
                keep_test_result(run, logits, tensors.labels, weights)
        return VariantRuns(
            variant=variant,
            seeds=list(finished),
            values=100 * correct.double().mean(dim=1).numpy(),
            correct=correct.numpy(),
            histories=histories,
            failures=failures,
        )


@contextmanager
def open_comparison(
    folder: Path, variants: Sequence[Variant], splits: Splits, seeds: int
) -> Iterator[Comparison]:
    """Yield the comparison in a folder, or a new one; nobody else can open it meanwhile.

    Raises `RunError` if the folder holds something else: other variants, other images, or runs
    of other versions, which must not be mixed.
    """
    for variant in variants:
        check_mirroring(variant.config.augmentation == "flip", splits.data_set.may_mirror)
    try:
        make_lasting(folder, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"Cannot write into {folder} ({error.strerror}). Name another folder with --output."
        ) from None
    with alone(folder, f"Another comparison is running in {folder}. Wait, or use --output."):
        content = {
            "variants": {variant.name: variant.content() for variant in variants},
            "data_set": {k: v for k, v in describe_data(splits).items() if k != "source"},
            "versions": {k: v for k, v in versions().items() if k in {"cnnlab", "torch"}},
        }
        path = folder / PLAN
        if path.exists():
            plan = read_json(path, list(content))
            _check_plan(path, plan)
            _check_same(folder, plan, content)
            if not plan["looks"] and not any(folder.glob("*/seed-*")):
                plan["seeds"] = seeds  # nobody has seen anything yet: a new plan is allowed
                write_json(path, plan)
        elif any(not child.name.startswith(".") for child in folder.iterdir()):
            raise RunError(
                f"{folder} holds something other than a comparison. Name another folder with "
                "--output."
            )
        else:
            plan = {
                **content,
                "started": datetime.now(UTC).isoformat(timespec="seconds"),
                "seeds": seeds,
                "looks": [],
                "test_openings": 0,
            }
            write_json(path, plan)
        for left in folder.glob("*/.seed-*"):  # of a program that was killed while it saved a run
            shutil.rmtree(left, ignore_errors=True)
        yield Comparison(folder, variants, plan)


def _check_plan(path: Path, plan: dict[str, Any]) -> None:
    types = {"variants": dict, "data_set": dict, "versions": dict, "looks": list}
    check_types(path, plan, types | {"seeds": int, "test_openings": int}, plan)
    for variant in plan["variants"]:
        check_types(path, plan["variants"], {variant: dict}, plan)
        check_types(path, plan["variants"][variant], {"config": dict}, plan)
    if not all(type(each) is int for each in plan["looks"]):
        raise RunError(f"{path} is damaged: its looks are not all whole numbers.")


def _check_same(folder: Path, plan: dict[str, Any], content: dict[str, Any]) -> None:
    for key, word in (("data_set", "on other images"), ("versions", "with other versions")):
        if plan[key] != content[key]:
            there, here = (
                ", ".join(
                    f"{name} {each[key][name]}"
                    for name in sorted(content[key])
                    if plan[key].get(name) != content[key][name] and name in each[key]
                )
                for each in (plan, content)
            )
            raise RunError(
                f"{folder} was trained {word}: there {there}; here {here}. The two cannot be "
                "mixed: name another folder with --output."
            )
    if list(plan["variants"]) != list(content["variants"]):
        raise RunError(
            f"{folder} compares {', '.join(plan['variants'])}, not "
            f"{', '.join(content['variants'])}. Name another folder with --output."
        )
    for name, wanted in content["variants"].items():
        if plan["variants"][name] != wanted:
            raise RunError(
                f"{name} has changed since the first run in {folder}: "
                f"{_difference(plan['variants'][name], wanted)}. Old and new runs cannot be mixed: "
                "name another folder with --output."
            )


def _difference(there: dict[str, Any], here: dict[str, Any]) -> str:
    flat = [{**each, **each["config"]} for each in (there, here)]
    changed = [
        f"{key} was {flat[0].get(key)} and is now {flat[1].get(key)}"
        for key in flat[1]
        if key != "config" and flat[0].get(key) != flat[1].get(key)
    ]
    return "; ".join(changed)
