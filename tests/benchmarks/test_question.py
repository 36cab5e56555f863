"""What the workshop and the README say of seeds is what was measured."""

import json
import statistics

import pytest

from cnnlab.workshop.chapters import SEED_DEVIATIONS, VARIANTS


@pytest.fixture
def question(benchmark):
    return benchmark("question")


@pytest.fixture
def kept():
    return json.loads(SEED_DEVIATIONS.read_text(encoding="utf-8"))


def test_the_workshop_reads_what_the_benchmark_found(question, kept):
    found = {data_set: question.results(data_set) for data_set in question.TITLES}
    assert kept == question.deviations(found), "run: python benchmarks/question.py --from-results"
    assert [*question.NAMES] == [*VARIANTS]


def test_the_deviation_is_of_every_run_that_learnt(question, kept):
    for data_set in question.TITLES:
        for variant in question.results(data_set)["variants"]:
            values, own = (
                variant["accuracy_points"],
                kept[data_set]["test_accuracy_points"][variant["model"]],
            )
            assert min(values) > 50
            assert len(values) == len(variant["seeds"])
            assert own["seeds"] == len(values)
            assert own["standard_deviation"] == pytest.approx(statistics.stdev(values), abs=1e-4)
            assert own["mean"] == pytest.approx(statistics.mean(values), abs=1e-4)


def test_the_readme_quotes_the_same_deviations(benchmark, kept):
    readme = (benchmark("harness").HERE.parent / "README.md").read_text(encoding="utf-8")
    for data_set in kept.values():
        for own in data_set["test_accuracy_points"].values():
            deviation = f"{own['standard_deviation']:.2f}"
            assert f"{own['mean']:.2f} % (SD {deviation}, n {own['seeds']})" in readme
