"""Exercises look into your own run, and read your own comparison; without one they say so."""

import json
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cnnlab.classroom.exercises import bonus, ex4, ex5, ex6, ex7, ex8, ex9, ex10, ex11, find
from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.confused import Doubtful, sheet_of
from cnnlab.classroom.exercises.exercise import names_in
from cnnlab.classroom.exercises.learning_rates import _read as read_rate
from cnnlab.classroom.exercises.repair import broken, sound
from cnnlab.errors import ModelError, RunError
from tests.support.exercises import check_code, write_comparison


@pytest.fixture
def run(cnnlab, one_thread):
    """Train LeNet-5 on ``tiny``, and stand in the folder that has ``runs``."""
    status, _, err = cnnlab("train", "--dataset", "tiny", "--epochs", 1, "--batch-size", 40)
    assert status == 0, err
    return Path("runs/tiny-lenet5-seed-0")


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def answers(number: str):
    exercise = find(number)
    names = names_in(exercise.solved)
    return [names[name] for name in exercise.answers]


def test_the_newest_run_is_your_own_network(run):
    outcome = ex5.check(*answers("5"))
    assert outcome.status == "right"
    assert "12 pixels of lenet5 in tiny-lenet5-seed-0 agree" in outcome.message
    net, k, row, column = ex5.example(run=run)
    assert net.kernels.shape == (16, 6, 5, 5)
    assert net.maps.shape == (6, 14, 14)
    assert abs(float(answers("5")[0](net, k, row, column))) <= 1


def test_shifts_and_the_most_confused_pair_of_your_own_run(run):
    outcome = ex6.check(*answers("6"), run=run)
    assert outcome.status == "right"
    assert "lenet5 in tiny-lenet5-seed-0, 60 validation images:" in outcome.message
    outcome = ex9.check(*answers("9"), run=str(run))
    assert outcome.status in {"right", "not yet"}
    found = outcome.message
    assert "you and the label agree on" in found or "labels has 20 letters. Write" in found


def test_a_run_without_such_a_convolution_is_an_error(cnnlab, one_thread):
    words = ["--model", "resnet8", "--epochs", 1, "--batch-size", 120, "--output", "res"]
    assert cnnlab("train", "--dataset", "tiny", *words)[0] == 0
    with pytest.raises(ModelError, match="Exercise 5 cannot use resnet8 in res: it has no conv"):
        ex5.check(*answers("5"), run="res")


def test_without_a_run_it_is_the_network_that_comes_with_cnnlab():
    outcome = ex9.check(*answers("9"))
    assert "the LeNet-5 that comes with cnnlab most often takes" in outcome.message
    with pytest.raises(RunError, match="nowhere is not a run folder"):
        ex5.check(*answers("5"), run="nowhere")


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["a"] * 20, "labels must be text; found a list. Write 20 letters"),
        ("abc", "labels holds 'c'."),
        ("ab", "labels has 2 letters."),
    ],
)
def test_labels_are_twenty_letters(labels, sentence):
    outcome = ex9.check(answers("9")[0], labels)
    assert outcome.status == "not yet"
    assert sentence in outcome.message


def test_a_class_may_have_any_name():
    names = ("COUNT", "<b>IMAGES")
    network = SimpleNamespace(
        images=SimpleNamespace(images=np.zeros((2, 28, 28), np.uint8), classes=names)
    )
    chosen = Doubtful(network, (0, 1), np.arange(2), np.zeros(2, np.int64))
    page = sheet_of(chosen)
    assert "below each of the 2 images" in page
    assert ("a: COUNT<" in page, "b: &lt;b&gt;IMAGES<" in page) == (True, True)


@pytest.mark.parametrize("largest", [["linear1"], {"name": "linear1"}, 48_120])
def test_a_row_is_named_by_its_name(largest):
    count = answers("4")[0]
    outcome = ex4.check(count, largest)
    assert "parameters is right, but largest is" in outcome.message
    assert ex4.check(count, " Linear1").status == "right"


def _cost(classify, data, make):
    images, labels = data.validation.images, data.validation.labels
    return 100 * ((classify(images) == labels).mean() - (classify(make(images)) == labels).mean())


def test_grey_levels_may_be_of_any_type_and_a_cost_below_0_is_no_cost_above_0():
    def moved(images, pixels):
        made = np.zeros(images.shape)  # floats
        made[:, :, pixels:] = images[:, :, :-pixels]
        return made

    def cost(classify, data, pixels):
        return _cost(classify, data, lambda images: moved(images, pixels))

    assert ex6.check(cost, "b").status == "right"
    outcome = ex6.check(lambda *given: abs(cost(*given)), "b")
    assert outcome.status == "not yet"
    assert "Expected -" in outcome.message


@pytest.mark.parametrize("rate", [10**400, "0.1", True])
def test_a_learning_rate_is_a_number(rate):
    outcome = ex8.check(rate, 0.001, 0.03)
    assert "Expected a learning rate: a number above 0" in outcome.message


@pytest.mark.parametrize("rate", [np.float32(0.05), Fraction(1, 20)])
def test_a_learning_rate_may_be_of_any_type(rate):
    assert read_rate("good", rate) == pytest.approx(0.05)


def test_a_second_answer_that_is_missing_is_named():
    outcome = ex9.check(answers("9")[0])
    assert outcome.status == "not tried"
    assert "most_confused: right so far. labels is still the placeholder." in outcome.message


def test_the_sheet_shows_twenty_images_without_their_labels(cnnlab):
    page = ex9.sheet()._repr_html_()
    assert page.count("data:image/png;base64") == 20
    status, out, _ = cnnlab("exercise", 9, "sheet", "images.html")
    assert (status, "Wrote images.html. Open it in your browser." in out) == (0, True)
    assert Path("images.html").read_text().count("data-letter") == 40


def test_without_a_comparison_the_command_is_named():
    with pytest.raises(RunError, match="There is no such comparison in runs yet"):
        ex10.check(*answers("10"))
    with pytest.raises(RunError, match="cnnlab compare lenet1 --again"):
        ex11.check(*answers("11"))
    with pytest.raises(RunError, match="is not the folder of a finished comparison"):
        bonus.check("vgg6", 52_582, run=".")


def test_the_newest_comparison_of_the_right_kind_is_read():
    write_comparison(Path("runs/again"), ("lenet1", "lenet1 (again)"), p_value=0.03)
    write_comparison(Path("runs/help"), ("lenet5", "vgg6"), decision="helped", interval=(0.4, 1.2))
    read, _ = answers("10")
    assert ex10.check(read, "helped").status == "right"
    outcome = ex10.check(read, "cannot tell yet")
    assert outcome.status == "not yet"
    assert "read is right, but sentence is not, for help. You said" in outcome.message
    assert "ask a wider question first" in outcome.message
    outcome = ex11.check(*answers("11"))
    assert "1 A/A test, p = 0.03: 1 found something" in outcome.message
    both = ex11.check(*answers("11"), run=["runs/again", "runs/again"])
    assert "2 A/A tests, p = 0.03, 0.03: 2 found something" in both.message
    outcome = ex11.check(*answers("11"), run="runs/help")
    assert "help compares two different networks: lenet5 and vgg6." in outcome.message


@pytest.mark.parametrize(
    ("decision", "sentence", "status", "said"),
    [
        ("cannot tell yet", "helped", "not yet", 'You said "helped" although 0 is in the interval'),
        ("cannot tell yet", "no difference that matters", "not yet", "Not to see a difference"),
        ("cannot tell yet", "It helped!", "not yet", "Expected one of: 'helped', 'hurt'"),
        ("no verdict", "helped", "not tried", "has no verdict yet: it has too few seeds."),
    ],
)
def test_the_sentence_must_be_the_verdict(decision, sentence, status, said):
    folder = write_comparison(Path("c"), ("lenet5", "mine"), decision=decision)
    outcome = ex10.check(answers("10")[0], sentence, run=folder)
    assert outcome.status == status
    assert said in outcome.message


def test_numbers_and_letters_of_the_last_answers():
    folder = write_comparison(Path("c"), ("lenet1", "lenet1 (again)"))
    alarms = answers("11")[0]
    assert "in_100 is 'five'." in ex11.check(alarms, "five", "b", run=folder).message
    assert "reason is 'z'." in ex11.check(alarms, 5, "z", run=folder).message
    assert "in_100 is 7." in ex11.check(alarms, 7, "b", run=folder).message


@pytest.mark.parametrize("name", ["ant", "bee", "dog", "eel", "fox", "cat"])
def test_each_broken_network_differs_from_its_repair(name):
    assert broken(name) != sound(name)
    outcome = check_code(find("7"), broken(name))
    assert outcome.status == "not tried"
    assert f"Your turn: {name} is still as broken as it was." in outcome.message


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("ant", "cnnlab check still finds something:\n\nNothing bends between"),
        ("bee", "cnnlab check still finds something:\n\nThe last step is a softmax"),
        ("dog", "batch does not return each image with its own label."),
        ("fox", "cnnlab check still finds something:"),
    ],
)
def test_a_repair_that_repairs_nothing(name, sentence):
    outcome = check_code(find("7"), f"{broken(name)}\n\nunused = 1\n")
    assert outcome.status == "not yet"
    assert sentence in outcome.message


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('BROKEN = "bee"', 'BROKEN = "cow"', "BROKEN is 'cow'. Expected the name of the network"),
        ('BROKEN = "bee"', 'BROKEN = ["bee"]', "BROKEN is ['bee']. Expected the name of the"),
        ("LEARNING_RATE = 0.05", "LEARNING_RATE = 'fast'", "LEARNING_RATE is 'fast'. Expected"),
        ("return images[places], labels[places]", "return images", "batch must return two things"),
        ("super().__init__()", "pass", "super().__init__() is missing"),
    ],
)
def test_other_changes_to_the_program(old, new, sentence):
    outcome = check_code(find("7"), sound("bee").replace(old, new))
    assert outcome.status == "not yet"
    assert sentence in outcome.message


def test_live_values_of_exercise_7_are_asked_for_as_a_file():
    names = names_in(sound("bee"))
    outcome = ex7.check(*(names[name] for name in find("7").answers))
    assert "write %%writefile mine.py as the first line of the cell" in outcome.message


def test_cases_follow_the_seed():
    exercise = find("5")
    one, other = (exercise.cases(Attempt(exercise, {}, seed))[0].words for seed in (1, 2))
    assert one != other
    assert one == exercise.cases(Attempt(exercise, {}, 1))[0].words


def test_the_result_as_json_holds_no_solution(cnnlab):
    Path("mine.py").write_text("kernel = [[1, 2], [3, 4]]\n")
    status, out, _ = cnnlab("exercise", 3, "check", "mine.py", "--json", "--seed", 5)
    found = json.loads(out)
    assert (status, found["status"]) == (1, "not yet")
    assert set(found) == {
        *("exercise", "title", "status", "message", "question", "seed", "printed"),
    }
    assert "-1, 0, 1" not in out
