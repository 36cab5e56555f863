"""Rules: from plain data to findings; and that a trial notes such data."""

from dataclasses import replace

import pytest

from cnnlab.custom import observe
from cnnlab.custom.check import CheckReport
from cnnlab.custom.finding import Finding
from cnnlab.custom.rules import RULES, judge
from cnnlab.custom.trial import (
    CallSeen,
    HiddenSeen,
    ModuleSeen,
    NotFinite,
    Outputs,
    PassSeen,
    Raised,
    SecondSeen,
    StepsSeen,
    TooLarge,
    Trial,
)
from tests.support.custom_network import FLATTEN, INIT, LAST, NET, RETURN, check, only

WIDE = Outputs(-40.0, 30.0)
PASS = PassSeen(4, output_shape=(4, 10))
ONE = PassSeen(1, output_shape=(1, 10))
ODD = replace(PASS, differs=True)
LAYER = ModuleSeen("fc", "Linear", "linear", line=7)
DROPOUT = CallSeen("drop", "Dropout", line=11, output_shape=(10,))
GOOD = Trial(
    text="x = 1",
    forward_line=9,
    parameters=10_250,
    tensors=2,
    training=PASS,
    evaluation=PASS,
    again=PASS,
    alone=(ONE, ONE, ONE, ONE),
    steps=StepsSeen(),
    modules=(LAYER,),
    second=SecondSeen(answer=PASS),
    outputs=WIDE,
)
TOO_WIDE = CallSeen("fc", "Linear", "linear", 400, 10, line=7, input_shape=(4, 576), is_done=False)
RAISED = Raised("RuntimeError", "mat1 and mat2 shapes cannot be multiplied", 12)
FAILED = PassSeen(4, calls=(TOO_WIDE,), raised=RAISED, output_type="NoneType")
SHARES, LOG_SHARES = Outputs(0.0, 1.0, are_shares=True), Outputs(-9.0, 0.0, are_log_shares=True)


def kinds(trial: Trial) -> list[str]:
    return [each.kind for each in judge(trial)]


def test_of_a_good_trial_nothing_is_said():
    assert judge(GOOD) == ()
    assert judge(Trial()) == ()


@pytest.mark.parametrize(
    ("changes", "kind", "line", "said"),
    [
        ({"stopped": Finding("syntax", "Line 3: a bracket.", 3)}, "syntax", 3, "Line 3"),
        (
            {"too_large": TooLarge(400, "Linear", 390, 300, 8)},
            "too-large",
            8,
            "has at least 400 parameters (0.0 GB), and training needs four times that memory. "
            "cnnlab allows 300 parameters. The largest layer is a Linear with 390 parameters.",
        ),
        (
            {"modules": (replace(LAYER, kind="LazyLinear", is_lazy=True),)},
            "lazy",
            7,
            "fc (line 7) is a LazyLinear, which has no weights until it runs.",
        ),
        (
            {"hidden": (HiddenSeen("attribute", "nn.Linear", "more", "list", made_line=8),)},
            "plain-list",
            8,
            "more (line 8) is a plain list of layers",
        ),
        (
            {"hidden": (HiddenSeen("forward", "nn.Linear", made_line=12),)},
            "made-in-forward",
            12,
            "Line 12 makes a Linear while forward runs.",
        ),
        (
            {"hidden": (HiddenSeen("outside", "Scale", made_line=3, call_line=12),)},
            "outside",
            3,
            "A Scale, made in line 3 and called in line 12, is not part of the network",
        ),
        (
            {"hidden": (HiddenSeen("attribute", "tensor", "scale", "Tensor"),)},
            "not-saved",
            9,
            "scale is a plain tensor with requires_grad=True",
        ),
        (
            {"training": FAILED, "evaluation": FAILED},
            "linear-size",
            7,
            "The first linear layer, fc (line 7), takes 400 numbers per image but gets 576.",
        ),
        ({"training": FAILED}, "training-mode", 7, "Only in training mode"),
        ({"evaluation": FAILED}, "evaluation-mode", 7, "Only in evaluation mode"),
        (
            {"evaluation": replace(PASS, is_finite=False)},
            "not-finite",
            9,
            "The output contains NaN or infinity before any training.",
        ),
        (
            {"alone": (PassSeen(1, output_shape=(10,), differs=True),)},
            "batch-size",
            9,
            "The last batch may be one image, and that fails. forward (line 9) returns the shape",
        ),
        ({"training": replace(PASS, has_gradient=False)}, "detached", 9, "No gradient can flow"),
        (
            {"steps": StepsSeen(Raised("ValueError", "odd", 12), "backward")},
            "error",
            12,
            "The backward pass failed in line 12 with ValueError: odd.",
        ),
        (
            {"steps": StepsSeen(Raised("RuntimeError", "was modified by an inplace operation"))},
            "in-place",
            9,
            "forward (line 9) changes a tensor in place",
        ),
        ({"second": SecondSeen(answer=ODD)}, "not-saved", 9, "A second network with the same"),
        (
            {"second": SecondSeen(answer=ODD, attribute="block.bias")},
            "not-saved",
            9,
            "block.bias is a plain tensor, so it is not saved with the weights",
        ),
        (
            {"second": SecondSeen(loading=Raised("KeyError", "a: more"))},
            "not-saved",
            9,
            "could not load them again: more. Make the same layers each time.",
        ),
        (
            {"not_tensors": (("_extra_state", "dict"),)},
            "not-saved",
            9,
            "get_extra_state adds _extra_state, a dict, to the saved network",
        ),
        ({"tensors": 0}, "no-parameters", 9, "The network has no weights"),
        ({"again": replace(PASS, changed_its_input=True)}, "input-changed", 9, "in place"),
        ({"again": ODD}, "random", 9, "the same images get a different output each time"),
        ({"alone": (replace(ONE, differs=True),)}, "batch-dependent", 9, "the other images"),
        (
            {"outputs": SHARES, "last_step": "SoftmaxBackward0"},
            "softmax",
            9,
            "The last step is a softmax. The training loss",
        ),
        ({"outputs": SHARES}, "softmax", 9, "each image sum to 1, as after a softmax. The"),
        ({"outputs": LOG_SHARES}, "log-softmax", 9, "sum to 1, as after a log-softmax."),
        ({"outputs": Outputs(0.0, 1.0)}, "squashed", 9, "between 0 and 1, as after a sigmoid"),
        ({"outputs": Outputs(-1.0, 1.0)}, "squashed", 9, "between -1 and 1, as after a tanh"),
        ({"last_step": "ReluBackward0"}, "squashed", 9, "The last step is a ReLU."),
        (
            {"training": replace(PASS, calls=(DROPOUT,)), "last_step": "NativeDropoutBackward0"},
            "dropout",
            11,
            "The last step, drop (line 11), is a dropout: in training it sets scores of classes",
        ),
        ({"bytes_per_image": 5_000_000}, "memory", None, "keeps about 2.6 GB in memory"),
        (
            {
                "alone": (replace(ONE, differs=True),),
                "modules": (replace(LAYER, kind="LSTM", is_batch_second=True),),
            },
            "batch-dependent",
            7,
            "fc (line 7) takes the images from the second dimension. Write batch_first=True",
        ),
        ({"steps": StepsSeen(is_constant=True)}, "constant", 9, "Every image gets the same"),
        (
            {"modules": (replace(LAYER, kind="Dropout", drops=1.0),)},
            "constant",
            7,
            "fc (line 7) drops every number in training",
        ),
        ({"modules": (replace(LAYER, equal_filters=6),)}, "equal-filters", 7, "All 6 neurons of"),
        (
            {"modules": (replace(LAYER, is_called=False, missed=("weight",)),)},
            "unused",
            7,
            "fc (line 7) is made but never used.",
        ),
        (
            {"modules": (replace(LAYER, missed=("bias",)),)},
            "no-gradient",
            7,
            "fc.bias gets no gradient",
        ),
        ({"reseeded": (("making", 5),)}, "seeded", 5, "Line 5 sets the seed when the network is"),
        ({"reseeded": (("trying", 5),)}, "seeded", 5, "Line 5 sets the seed in forward"),
        ({"frozen": ("fc.bias",)}, "frozen", None, "fc.bias is frozen"),
        (
            {"straight_pairs": (("fc", "fc"),)},
            "straight",
            7,
            "Nothing bends between fc (line 7) and fc (line 7)",
        ),
        ({"top_level_trains": 3, "top_level_prints": 2}, "top-level", 3, "Line 3 trains each time"),
    ],
)
def test_each_rule_finds_its_own_in_a_trial_made_by_hand(changes, kind, line, said):
    trial = replace(GOOD, **changes)
    (found,) = judge(trial)
    assert (found.kind, found.line) == (kind, line)
    assert said in found.message
    (rule,) = [each for each in RULES if any(each.find(trial))]
    assert rule.kind in {None, kind}
    assert found.effect == rule.effect
    assert Trial.from_json(trial.to_json()) == trial


def test_the_table_has_the_gravest_first():
    effects = [each.effect for each in RULES]
    assert effects == sorted(effects, key=["stops", "spoils", "none"].index)


@pytest.mark.parametrize("outputs", [None, WIDE, Outputs(-0.5, 1.5), Outputs(0.0, 90.0)])
def test_outputs_that_are_not_bounded_are_fine(outputs):
    assert kinds(replace(GOOD, outputs=outputs)) == []


def test_what_stops_training_comes_first_and_what_is_a_note_last():
    trial = replace(
        GOOD,
        top_level_prints=1,
        tensors=4,
        frozen=("a",),
        alone=(PassSeen(1, output_shape=(10,), differs=True),),
        reseeded=(("making", 3),),
    )
    assert kinds(trial) == ["batch-size", "seeded", "frozen", "top-level"]


def test_hidden_state_explains_what_else_is_odd():
    hidden = HiddenSeen("forward", "nn.Linear", made_line=12)
    assert kinds(replace(GOOD, hidden=(hidden,), again=ODD, second=SecondSeen(answer=ODD))) == [
        "made-in-forward"
    ]


@pytest.mark.parametrize(
    ("end", "line", "what", "kind"),
    [
        ("F.softmax(self.classifier(x), 1).view(-1, 10)", 21, "The last step is a", "softmax"),
        ("F.softmax(self.classifier(x), 1).clamp(1e-7, 1)", 21, "sum to 1", "softmax"),
        ("torch.sigmoid(self.classifier(x)) * 1.0", 21, "between 0 and 1", "squashed"),
        ("torch.tanh(self.classifier(x)).add(0)", 21, "between -1 and 1", "squashed"),
        ("F.relu(self.classifier(x)).view(-1, 10)", 21, "The last step is a ReLU", "squashed"),
    ],
)
def test_a_softmax_is_found_by_its_values_whatever_follows_it(end, line, what, kind):
    found, at, message = only(check(NET, (RETURN, f"return {end}")))
    assert (found, at) == (kind, line)
    assert what in message
    assert f"(line {line}). " in message
    assert "Delete it" in message


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


def test_a_mistake_of_cnnlabs_own_code_does_not_stop_training(monkeypatch):
    def fail(*_):
        raise RuntimeError("no such number")

    monkeypatch.setattr(observe, "range_of_outputs", fail)
    found = check(NET)
    message = (
        "cnnlab could not finish its check (RuntimeError: no such number). Train the network and "
        "see whether it learns, and please report this."
    )
    assert only(found) == ("unfinished", None, message)
    assert found.findings[0].effect == "spoils"


def test_a_gradient_that_is_not_a_number_is_said_with_its_function():
    trial = replace(
        GOOD,
        steps=StepsSeen(is_finite=False),
        not_finite=NotFinite("sqrt", 12),
    )
    (found,) = judge(trial)
    assert (found.kind, found.line) == ("not-finite", 12)
    assert found.message.startswith(
        "The gradient contains NaN or infinity, first from sqrt in line 12, so a training step "
        "makes all weights NaN. A square root needs"
    )
