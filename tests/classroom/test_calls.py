"""A student's code in a check: whatever it does, the answer is a sentence, with the line."""

import json
import sys
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import torch

from cnnlab.classroom.exercises import calls, ex2, ex3, find
from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.calls import NotYetError, Printed, TimeOverError, is_placeholder
from cnnlab.classroom.exercises.file import check_file
from cnnlab.classroom.exercises.outcome import as_html
from cnnlab.errors import ConfigError
from tests.support.exercises import check_code
from tests.support.printed import said

RIGHT = "(n + 2 * p - k) // s + 1"
RETURNS = "def output_size(n, k, p, s):\n    return {}\n"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def check(body: str):
    """Check ``output_size`` with this body, as a cell of a notebook: live, with its text."""
    import linecache

    code = f"import numpy as np, torch\ndef output_size(n, k, p, s):\n    {body}\n"
    linecache.cache["cell"] = (len(code), None, code.splitlines(keepends=True), "cell")
    names: dict = {}
    exec(compile(code, "cell", "exec"), names)
    return ex2.check(names["output_size"], seed=1)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return totl", "output_size failed in line 3 with NameError: name 'totl' is not defined."),
        ("return 1 / 0", "output_size failed in line 3 with ZeroDivisionError: division by zero."),
        ("exit()", "output_size ends Python in line 3. Delete exit() or quit(); write return"),
        ("return input('n?')", "output_size waits for the keyboard in line 3, but a check has no"),
        ("n + k", "output_size returned None. Does every way through it end with return?"),
        ("return [n]", "Expected one number, found one row of 1 numbers."),
        ("return 'five'", "output_size must return numbers; it returned a str."),
        ("return [[1], [2, 3]]", "it returned a list whose rows differ in length"),
        ("return '5'", "output_size must return numbers; it returned text."),
        ("return ['5']", "output_size must return numbers; it returned text."),
        ("return [True]", "output_size must return numbers; it returned True or False."),
        ("return True", "output_size must return numbers; it returned True or False."),
        ("return output_size(n, k, p, s)", "output_size calls itself again and again"),
        ("return n + ...", "output_size still uses a placeholder, ... in line 3. Replace it."),
        ("raise ValueError('odd')", "output_size failed in line 3 with ValueError: odd."),
    ],
)
def test_whatever_goes_wrong_is_a_sentence_with_its_line(body, sentence):
    outcome = check(body)
    assert outcome.status == "not yet"
    assert sentence in outcome.message
    assert "Traceback" not in str(outcome)


@pytest.mark.parametrize("form", ["{}", "np.int64({})", "np.array({})", "torch.tensor({})"])
def test_numbers_may_come_in_any_form(form):
    assert check(f"return {form.format(RIGHT)}").status == "right"


@pytest.mark.parametrize("body", ["...", "pass", "'''Only a docstring.'''", "return ..."])
def test_an_untouched_function_is_not_tried(body):
    assert check(body).status == "not tried"


def test_a_function_that_returns_the_placeholder_somewhere_is_not_tried():
    outcome = check(f"return ... if n > 10 else {RIGHT}")
    assert outcome.status == "not tried"
    assert "output_size still returns the placeholder." in outcome.message


def test_a_failed_check_shows_the_smallest_case_and_not_the_solution():
    outcome = check(f"return {RIGHT} + (n > 40)")
    assert "The smallest case that fails:" in outcome.message
    assert "Expected " in outcome.message
    assert RIGHT not in str(outcome)


def test_the_same_seed_draws_the_same_cases():
    wrong = "return 7"
    assert check(wrong) == check(wrong)
    assert "(Random cases: seed 1.)" in str(check(wrong))


@pytest.mark.parametrize("limit", ["_alarm", "_traced"])
def test_a_loop_that_never_ends_is_stopped_in_this_process(monkeypatch, limit):
    monkeypatch.setattr(calls, "time_limit", getattr(calls, limit))
    before = sys.gettrace()
    exercise = find("2")
    names: dict = {}
    exec(
        compile("def output_size(n, k, p, s):\n    while True:\n        n += 1", "c", "exec"), names
    )
    attempt = Attempt(exercise, names, 1, limit=lambda _: getattr(calls, limit)(0.2))
    outcome = attempt.outcome()
    assert outcome.status == "not yet"
    assert "output_size did not end in time, so the check stopped it in line" in outcome.message
    assert sys.gettrace() is before


def test_the_clock_of_a_check_is_one_for_all_calls():
    exercise = find("2")
    seen = []
    attempt = Attempt(exercise, {"output_size": lambda n, k, p, s: 0}, 1)
    inner = attempt.limit
    attempt.limit = lambda seconds: seen.append(seconds) or inner(seconds)
    attempt.outcome()
    assert seen == sorted(seen, reverse=True)
    assert seen[0] == exercise.seconds


def test_time_over_is_no_exception_that_a_student_catches():
    assert not issubclass(TimeOverError, Exception)


def test_an_argument_that_is_changed_in_place_is_named_with_its_line():
    code = "def convolve(image, kernel):\n    image[0][0] = 5\n    return image\n"
    names: dict = {}
    exec(compile(code, "cell-1", "exec"), names)
    outcome = Attempt(find("1"), names, 1).outcome()
    assert "Line 2 changes an argument in place. Whoever calls convolve" in outcome.message
    code = "def parameters(rows):\n    rows.append(1)\n    return 0\nlargest = 'conv1'\n"
    outcome = check_code(find("4"), code)
    assert "parameters changes an argument in place (its def is in line 1)." in outcome.message


def test_a_thousand_printed_lines_are_shortened():
    outcome = check("print('here', n)\n    return 7")
    assert "Your code printed:\n\n    here 1\n" in str(outcome)
    assert "more lines" in outcome.printed
    assert len(outcome.printed.splitlines()) == calls.MOST_LINES + 1
    printed = Printed()
    printed.write("x" * 5000)
    assert printed.text.endswith("... and 3,000 more letters")


def test_what_is_printed_is_not_on_the_screen(capsys):
    check("print('here')\n    return 7")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (14, "output_size must be a function; found a int."),
        (np.zeros(3), "output_size must be a function; found a ndarray."),
        (int, "output_size must be a function; found a class."),
        (lambda n: n, "The check could not call output_size: <lambda>() takes 1 positional"),
    ],
)
def test_an_answer_that_is_not_the_function(answer, sentence):
    outcome = ex2.check(answer)
    assert outcome.status == "not yet"
    assert sentence in said(outcome.message)


class _Sized:
    """An object that is called like a function."""

    def __call__(self, n, k, p, s):
        return (n + 2 * p - k) // s + 1


@pytest.mark.parametrize(
    "answer", [_Sized(), partial(_Sized()), _Sized().__call__, cache(_Sized())]
)
def test_whatever_can_be_called_is_a_function(answer):
    assert ex2.check(answer).status == "right"


def test_an_object_that_changes_its_argument_is_named_without_a_line():
    def change(word, rows):
        rows.append(word)
        return len(rows)

    attempt = Attempt(find("4"), {"parameters": partial(change, 1)}, 0)
    with pytest.raises(NotYetError, match=r"^parameters changes an argument in place\. Whoever"):
        attempt.call("parameters", [2])


def test_too_many_answers_and_hints_that_are_not_there():
    with pytest.raises(ConfigError, match=r"check takes kernel, in this order; found 2 values\."):
        ex3.check(1, 2)
    with pytest.raises(ConfigError, match=r"There is no hint 4\. There are hints 1 to 3; then"):
        ex3.hint(4)
    with pytest.raises(ConfigError, match=r"has no cases to try: its answers are values\."):
        ex3.example()
    with pytest.raises(ConfigError, match=r"has no page to look at\. Exercise 9 has one\."):
        ex3.sheet()


@pytest.mark.parametrize(
    ("kernel", "sentence"),
    [
        ([[1, 2], [3]], "kernel must be rows of numbers, all of the same length."),
        ([1, 2, 3], "kernel must have 1 to 7 rows and columns; found 3."),
        (np.ones((9, 9)), "kernel must have 1 to 7 rows and columns; found 9 x 9."),
        ([["-1", "1"]], "kernel must be rows of numbers, all of the same length."),
        ([[float("nan"), 1]], "kernel holds a number that is infinite or NaN."),
        ([[-1, 0, 0.9], [-1, 0, 1.1]], ""),
    ],
)
def test_a_kernel_in_any_form(kernel, sentence):
    outcome = ex3.check(kernel)
    assert sentence in outcome.message
    assert (outcome.status == "right") is (not sentence)


def test_a_kernel_as_a_tensor_is_right_too():
    assert ex3.check(torch.tensor([[-1.0, 1.0]])).status == "right"


def test_a_result_in_a_notebook_escapes_what_a_student_wrote():
    outcome = check("return '<b>five'")
    page = outcome._repr_html_()
    assert "dashed" in page
    for each in (page, ex2._repr_html_()):
        assert "background:#fff;color:#1a1f26" in each  # readable on the page of a dark notebook
    assert "<b>five" not in page
    assert "Not yet: Exercise 2, how large is the output?" in page
    assert "<pre>" in ex2._repr_html_()
    assert "def output_size" in repr(ex2)
    assert "hint 2 of 3" in repr(ex2.hint(2))
    assert RIGHT in repr(ex2.solution())
    assert as_html("a\n\n    b\n\n    c\n\nd <") == "<p>a</p><pre>b\n\nc</pre><p>d &lt;</p>"


def test_values_to_try_are_those_of_a_case():
    assert len(ex2.example()) == 4


def test_placeholders():
    assert is_placeholder(...)
    assert not is_placeholder(None)
    assert not is_placeholder(lambda: 5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def output_size(n, k, p, s):\n    return n +\n", "line 2 is not valid Python"),
        ("def size(n, k, p, s):\n    return n\n", "It has size: call it output_size."),
        ("x = 1\n", "There is no output_size in your file. Write it, with the name of the task."),
        ("import nothing_here\n", "nothing_here, which is not installed."),
        ("exit()\n", "ends Python in line 1. Delete exit() or quit()"),
        ("1 / 0\n", "failed in line 1 with ZeroDivisionError"),
        (
            RETURNS.format(f"__import__('os')._exit(0) or {RIGHT}"),
            "ended Python (status 0). Delete",
        ),
        (RETURNS.format(RIGHT), ""),
    ],
)
def test_a_file_is_checked_in_a_process_of_its_own(text, sentence):
    Path("mine.py").write_text(text)
    outcome = check_file(find("2"), Path("mine.py"), seed=1)
    assert sentence in outcome.message
    assert outcome.status == ("not yet" if sentence else "right")
    assert "mine" not in sys.modules


def test_a_file_that_never_ends_is_stopped_whatever_it_catches():
    text = "def output_size(n, k, p, s):\n    while True:\n        try:\n            n += 1\n"
    Path("mine.py").write_text(f"{text}        except:\n            pass\n")
    outcome = check_file(replace(find("2"), seconds=0.5), Path("mine.py"))
    assert outcome.status == "not yet"
    assert "mine.py did not end within 0.5 seconds, so the check stopped it in line" in (
        outcome.message
    )


def test_files_that_cannot_be_read():
    with pytest.raises(ConfigError, match=r"There is no file mine\.py\. Name the file"):
        ex2.check("mine.py")
    Path("mine.py").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not a text file in UTF-8"):
        ex2.check("mine.py")


def test_the_command(cnnlab):
    status, out, _ = cnnlab("exercise")
    assert (status, "11  the same network against itself" in out) == (0, True)
    status, out, _ = cnnlab("exercise", 2)
    assert (status, "Write output_size(n, k, p, s)" in said(out)) == (0, True)
    assert cnnlab("exercise", 2, "hint", 2)[0] == 0
    assert "There is no hint 'x'." in said(cnnlab("exercise", 2, "hint", "x")[2])
    assert RIGHT in cnnlab("exercise", 2, "solution")[1]
    status, out, _ = cnnlab("exercise", 2, "start", "mine.py")
    assert "Wrote mine.py. Change it, then check it: cnnlab exercise 2 check mine.py" in said(out)
    assert "already exists, and cnnlab did not change it" in said(
        cnnlab("exercise", 2, "start", "mine.py")[2]
    )
    status, out, _ = cnnlab("exercise", 2, "check", "mine.py")
    assert (status, "Not tried: Exercise 2" in out) == (1, True)
    assert cnnlab("exercise", 2, "solution", "--write", "right.py")[0] == 0
    status, out, _ = cnnlab("exercise", 2, "check", "right.py", "--seed", 3, "--json")
    found = json.loads(out)
    assert (status, found["status"], found["seed"]) == (0, "right", 3)
    assert cnnlab("exercise", 2, "check")[0] == 1
    assert "There is no exercise '12'" in said(cnnlab("exercise", 12)[2])
    assert "There is no starter 'cow'. There are: ant, bee" in said(
        cnnlab("exercise", 7, "start", "b.py", "--which", "cow")[2]
    )
    assert cnnlab("exercise", 7, "start", "b.py", "--which", "fox")[0] == 0
    assert 'BROKEN = "fox"' in Path("b.py").read_text()
    assert "does not end in .py" in said(cnnlab("exercise", 2, "start", "mine.txt")[2])
