"""Rules: from plain data to findings; and that a trial notes such data."""

import pytest

from cnnlab.custom.check import CheckReport
from cnnlab.custom.finding import Finding
from cnnlab.custom.rules import judge
from cnnlab.custom.trial import Outputs, Trial
from tests.support.custom_network import FLATTEN, INIT, LAST, NET, RETURN, check, only

WIDE = Outputs(-40.0, 30.0, -20.0, 20.0)


def kinds(trial: Trial) -> list[str]:
    return [each.kind for each in judge(trial)]


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (None, []),
        (WIDE, []),
        (Outputs(0.0, 1.0, 1.0, 1.00001), ["softmax"]),
        (Outputs(0.0, 1.0, 0.2, 5.0), ["squashed"]),
        (Outputs(-1.0, 1.0, -3.0, 5.0), ["squashed"]),
        (Outputs(-0.5, 1.5, 1.0, 1.0), []),
        (Outputs(0.0, 90.0, 0.0, 200.0), []),
    ],
)
def test_outputs_that_are_shares_or_bounded_are_said(outputs, expected):
    assert kinds(Trial(outputs=outputs)) == expected
    assert kinds(Trial(outputs=outputs, findings=(Finding("softmax", "x"),))) == ["softmax"]


def test_what_stops_training_comes_first_and_what_is_a_note_last():
    trial = Trial(
        findings=(Finding("frozen", "x"), Finding("linear-size", "x")),
        same_draws=("making",),
        straight_pairs=(("a", "b"),),
    )
    assert kinds(trial) == ["linear-size", "seeded", "frozen", "straight"]


@pytest.mark.parametrize(
    ("end", "line", "what", "kind"),
    [
        ("F.softmax(self.classifier(x), 1).view(-1, 10)", 21, "sum to 1", "softmax"),
        ("F.softmax(self.classifier(x), 1).clamp(1e-7, 1)", 21, "sum to 1", "softmax"),
        ("torch.sigmoid(self.classifier(x)) * 1.0", 21, "between 0 and 1", "squashed"),
        ("torch.tanh(self.classifier(x)).view(-1, 10)", 21, "between -1 and 1", "squashed"),
    ],
)
def test_a_softmax_is_found_by_its_values_whatever_follows_it(end, line, what, kind):
    found, at, message = only(check(NET, (RETURN, f"return {end}")))
    assert (found, at) == (kind, line)
    assert what in message
    assert f"(line {line}). " in message
    assert message.endswith("Delete it.") or "return the numbers before it." in message


def test_a_slice_of_a_softmax_is_found_too():
    found = check(
        NET, (LAST, "nn.Linear(120, 12),"), (RETURN, "return self.classifier(x).softmax(1)[:, :10]")
    )
    assert only(found)[:2] == ("softmax", 21)
    assert only(found)[2].startswith("The 10 numbers of each image sum to 1, as after a softmax")


def test_a_seed_that_the_network_sets_is_said_with_its_line():
    assert only(check(NET, (INIT, f"{INIT}        torch.manual_seed(42)\n"))) == (
        "seeded",
        9,
        "Line 9 sets the seed when the network is made, so all runs start from the same weights, "
        "and training with several seeds tells no more than with one. Delete it. cnnlab draws the "
        "weights from --seed.",
    )
    seeded = "torch.random.manual_seed(0)\n        x = F.dropout(x.flatten(1), 0.5, self.training)"
    assert only(check(NET, (FLATTEN, seeded))) == (
        "seeded",
        20,
        "Line 20 sets the seed in forward, so each batch gets the same random numbers, such as the "
        "same dropout mask. Delete it. cnnlab sets the seed once, before training.",
    )


def test_a_seed_for_a_block_alone_is_fine():
    forked = f"{INIT}        with torch.random.fork_rng([]):\n            torch.manual_seed(1)\n"
    assert check(NET, (INIT, forked)).findings == ()


def test_two_layers_with_nothing_that_bends_between_them_are_a_note():
    found = check(NET, ("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120),"))
    assert only(found) == (
        "straight",
        15,
        "Nothing bends between classifier.0 (line 14) and classifier.1 (line 15): without an "
        "activation the two can compute no more than one layer. Put one between them, such as "
        "nn.ReLU().",
    )
    assert found.is_sound


def test_the_memory_of_a_batch_is_said_in_words():
    found = check(NET)
    assert 6 * 28 * 28 * 4 < found.bytes_per_image < 200_000
    assert found.memory.startswith("Training in batches of 512 images needs about ")
    report = CheckReport("mine.py:Net", bytes_per_image=5_000_000, parameters=1_000_000)
    assert report.memory == "Training in batches of 512 images needs about 2.6 GB of memory."
    assert CheckReport("mine.py:Net").memory == ""
