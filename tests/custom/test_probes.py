"""What is noted while a file runs: the lines of its layers, their size, what it does."""

from torch import nn

from tests.support.custom_network import FIRST, LAST, NET, assert_found_alone, check, only
from tests.support.faulty_networks import each_of
from tests.support.faulty_networks.probes import FAULTS


@each_of(FAULTS)
def test_a_fault_is_found_alone_and_said_with_its_line(edits, kind, line, message, capfd):
    assert_found_alone(edits, kind, line, message, capfd)


def test_a_layer_made_by_a_function_of_the_file_is_found_in_its_line():
    found = check(
        NET,
        ("class Net(", "def linear(out):\n    return nn.Linear(576, out)\n\n\nclass Net("),
        (FIRST, "linear(120)"),
    )
    assert only(found)[:2] == ("linear-size", 7)


def test_a_layer_is_found_where_it_is_made_not_where_its_weights_are_set():
    found = check(
        NET,
        (FIRST, "nn.Linear(576, 120)"),
        (
            LAST,
            f"{LAST}\n        )\n        self.classifier[0].bias = nn.Parameter(torch.ones(120)",
        ),
    )
    assert only(found)[:2] == ("linear-size", 14)


def test_a_network_too_large_for_a_laptop_is_refused_before_it_is_drawn(monkeypatch):
    drawn = []
    monkeypatch.setattr(nn.Linear, "reset_parameters", lambda layer: drawn.append(str(layer)))
    found = check(NET, (FIRST, "nn.Linear(400, 1_000_000)"))
    assert drawn == []
    assert only(found) == (
        "too-large",
        14,
        "By line 14 the network has at least 400,002,572 parameters (1.6 GB), and training needs "
        "four times that memory. cnnlab allows 250,000,000 parameters. The largest layer is a "
        "Linear with 400,000,000 parameters. Make that layer smaller: use fewer channels, or put "
        "a pooling layer before it.",
    )
    made_at_top = NET + "\nnn.Linear(400, 1_000_000)\n"
    assert only(check(made_at_top))[:2] == ("too-large", 23)


TRAINING = """
network = Net()
for _ in range(3):
    loss = network(torch.zeros(2, 1, 32, 32)).sum()
    loss.backward()
    print(loss.item())
"""


def test_training_at_the_top_of_a_file_is_said_with_its_line():
    assert only(check(NET + TRAINING)) == (
        "top-level",
        26,
        "Line 26 trains each time cnnlab reads the file. Delete it, or put it under if __name__ "
        '== "__main__": at the end of the file.',
    )
    guarded = TRAINING.replace("\n", "\n    ").replace("    network =", "def run():\n    network =")
    assert check(NET + guarded + '\nif __name__ == "__main__":\n    run()\n').findings == ()
