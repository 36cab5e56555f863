"""Each exercise: its solution, its starter, its typical mistakes, and mutants of its solution."""

import re

import pytest

from cnnlab.classroom import exercises
from cnnlab.classroom.exercises import HOMES, find
from tests.support.exercises import check_code, is_equivalent, reference_cases
from tests.support.mutants import mutants

EXERCISES = [find(number) for number in HOMES]
MUTANTS = 50
MISTAKES = [
    pytest.param(each, mistake, id=f"{each.number}-{place}")
    for each in EXERCISES
    for place, mistake in enumerate(each.mistakes)
]
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.number)


@each_exercise
def test_the_solution_is_right_and_asks_the_next_question(exercise):
    for seed in range(3):
        outcome = check_code(exercise, exercise.solved, seed)
        assert outcome.status == "right", outcome.message
    assert outcome.question == exercise.question
    assert f"(Random cases: seed {seed}.)" in str(outcome)


@each_exercise
def test_the_starter_is_not_tried(exercise):
    outcome = check_code(exercise, exercise.starter)
    assert outcome.status == "not tried"
    assert "Your turn: write" in outcome.message
    assert "seed" not in str(outcome)


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_each_typical_mistake_has_its_own_sentence(exercise, mistake):
    for seed in range(2):
        outcome = check_code(exercise, mistake.example, seed)
        assert outcome.status == "not yet"
        assert outcome.message.startswith(mistake.sentence)


@each_exercise
def test_the_texts_are_complete_and_hide_the_solution(exercise):
    assert len(exercise.mistakes) >= 3
    assert len({each.sentence for each in exercise.mistakes}) == len(exercise.mistakes)
    solution = exercise.solved.strip()
    for text in (exercise.task, *exercise.hints, *(each.sentence for each in exercise.mistakes)):
        assert solution not in text
    assert "..." in exercise.starter
    assert exercise.starter.strip() in re.sub("(?m)^    ", "", str(exercise.note))


@each_exercise
def test_mutants_of_the_solution_are_not_right(exercise):
    made = mutants(exercise.solved, MUTANTS)
    assert len(made) == MUTANTS
    missed = [each for each in made if check_code(exercise, each).status == "right"]
    cases = reference_cases(exercise) if missed and exercise.cases else []
    equivalent = [each for each in missed if is_equivalent(exercise, each, cases)]
    alive = [each for each in missed if each not in equivalent]
    assert len(alive) <= 0.05 * (MUTANTS - len(equivalent)), alive


def test_an_exercise_has_its_number_and_the_others_are_named():
    assert [find(number).number for number in HOMES] == [*HOMES]
    assert find("ex2") is find("2")
    with pytest.raises(Exception, match=r"There is no exercise '99'\. There are 1 to"):
        find("99")
    with pytest.raises(AttributeError, match="no attribute 'ex99'"):
        _ = exercises.ex99
