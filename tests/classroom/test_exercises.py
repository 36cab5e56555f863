"""Each exercise: its solution, its starter, its typical mistakes, and mutants of its solution."""

import re

import pytest

from cnnlab.classroom import exercises
from cnnlab.classroom.exercises import HOMES, find
from cnnlab.classroom.exercises.learning_rates import Measured
from tests.support.exercises import check_code, is_equivalent, reference_cases, write_all
from tests.support.mutants import mutants

EXERCISES = [find(number) for number in HOMES]
MUTANTS = 50
TRAINING = {"7": 10, "8": 6}
"""Exercises whose check trains, with how many mutants run here; benchmarks/exercises.py has all."""
MISTAKES = [
    pytest.param(each, place, id=f"{each.number}-{place}")
    for each in EXERCISES
    for place in range(len(each.mistakes))
]
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.number)


@pytest.fixture(scope="module")
def comparisons(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("comparisons"))


@pytest.fixture(autouse=True)
def without_runs(tmp_path, monkeypatch, one_thread):
    monkeypatch.chdir(tmp_path)


def runs_of(exercise, comparisons, name=""):
    found = comparisons.get(f"{exercise.number}{name}", comparisons.get(exercise.number))
    return [found] if found else []


@each_exercise
def test_the_solution_is_right_and_asks_the_next_question(exercise, comparisons):
    for seed in range(1 if exercise.number in TRAINING else 20):
        outcome = check_code(exercise, exercise.solved, seed, runs_of(exercise, comparisons))
        assert outcome.status == "right", outcome.message
    assert outcome.question == exercise.question
    assert f"(Random cases: seed {seed}.)" in str(outcome)


@each_exercise
def test_the_starter_is_not_tried(exercise, comparisons):
    outcome = check_code(exercise, exercise.starter, runs=runs_of(exercise, comparisons))
    assert outcome.status == "not tried"
    assert "Your turn: " in outcome.message
    assert "seed" not in str(outcome)


@pytest.mark.parametrize(("exercise", "place"), MISTAKES)
def test_each_typical_mistake_has_its_own_sentence(exercise, place, comparisons):
    mistake, runs = exercise.mistakes[place], runs_of(exercise, comparisons, f"-{place}")
    is_luck = "for some seeds only" in mistake.sentence  # the next test asks its rule
    for seed in range(1 if exercise.number in TRAINING else 2):
        outcome = check_code(exercise, mistake.example, seed, runs)
        assert outcome.status == "not yet"
        assert is_luck or mistake.sentence in outcome.message


@pytest.mark.parametrize(
    ("good", "said"),
    [
        ((0.9, 2.4, 0.9), "good works for some seeds only"),
        ((2.4, 2.4, 2.4), "good diverges too, with each of the seeds"),
        ((0.9, 0.9, 0.9), "good is not good yet"),
    ],
)
def test_a_rate_that_fails_for_some_seeds_is_told_from_one_that_always_fails(good, said):
    losses = {"diverges": (9.0,) * 3, "slow": (2.2,) * 3, "good": good}
    rates = {"diverges": 3.0, "slow": 0.001, "good": 0.2}
    measured = Measured(rates, **losses, best=(0.5, 0.51, 0.49), start=(2.3,) * 3)
    mistakes = [each for each in find("8").mistakes if each.when(measured)]
    assert mistakes[0].sentence.startswith(said)


@each_exercise
def test_the_texts_are_complete_and_hide_the_solution(exercise):
    assert len(exercise.mistakes) >= 3
    assert len({each.sentence for each in exercise.mistakes}) == len(exercise.mistakes)
    solution = exercise.solved.strip()
    for text in (exercise.task, *exercise.hints, *(each.sentence for each in exercise.mistakes)):
        assert solution not in text
    assert exercise.starter.strip() in re.sub("(?m)^    ", "", str(exercise.note))


@each_exercise
def test_mutants_of_the_solution_are_not_right(exercise, comparisons):
    runs = runs_of(exercise, comparisons)
    made = mutants(exercise.solved, TRAINING.get(exercise.number, MUTANTS))
    assert len(made) == TRAINING.get(exercise.number, MUTANTS)
    missed = [each for each in made if check_code(exercise, each, 0, runs).status == "right"]
    cases = reference_cases(exercise, runs) if missed and exercise.cases else []
    equivalent = [each for each in missed if is_equivalent(exercise, each, cases, runs)]
    alive = [each for each in missed if each not in equivalent]
    assert len(alive) <= 0.05 * (len(made) - len(equivalent)), alive


def test_an_exercise_has_its_number_and_the_others_are_named():
    assert [find(number).number for number in HOMES] == [*HOMES]
    assert find("ex2") is find("2")
    with pytest.raises(
        Exception, match=r"There is no exercise '99'\. There are 1 to 11, and bonus"
    ):
        find("99")
    with pytest.raises(AttributeError, match="no attribute 'ex99'"):
        _ = exercises.ex99
