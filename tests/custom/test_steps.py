"""A network is tried as it is trained: the same engine, layout and optimiser, for two steps."""

import pytest

from tests.support.custom_network import FLATTEN, INIT, NET, check, only

KEPT = "        self.mean = torch.zeros(400)\n        self.state = None\n"


@pytest.mark.parametrize(
    "line",
    [
        "self.mean = 0.9 * self.mean + 0.1 * x.mean(0); x = x - self.mean",
        "self.state = x.mean() + (self.state or 0); x = x + self.state",
    ],
)
def test_a_value_that_keeps_its_graph_is_found_by_the_second_step(line):
    edit = f"{FLATTEN}\n        if self.training:\n            {line}"
    kind, at, message = only(check(NET, (INIT, INIT + KEPT), (FLATTEN, edit)))
    assert (kind, at) == ("mistake", 24)
    name = line[5:].partition(" ")[0]
    assert message == (
        "Line 24: the network keeps a value from the batch before, with all the steps that led to "
        f"it, in an attribute such as self.{name}. Write .detach() where you keep it, as in "
        f"self.{name} = {name}.detach(), or start each batch without it."
    )


def test_equal_filters_that_stay_equal_are_said():
    constant = (
        "        )\n        for each in self.modules():\n"
        "            if isinstance(each, (nn.Conv2d, nn.Linear)):\n"
        "                nn.init.constant_(each.weight, 0.01)\n\n    def forward"
    )
    found = check(NET, ("        )\n\n    def forward", constant))
    assert [each.kind for each in found.findings] == ["equal-filters"] * 3
    assert {each.effect for each in found.findings} == {"spoils"}
    assert found.findings[0].line == 10
    assert found.findings[0].message == (
        "All 6 filters of features.0 (line 10) are equal, and training keeps them equal: the layer "
        "works as if it had only one of its filters. Delete what sets its weights to one number: "
        "PyTorch draws random weights by itself."
    )


EXPERTS = """\
        self.experts = nn.ModuleList(nn.Linear(400, 120) for _ in range(9))
        self.gate = nn.Linear(400, 9)
"""


def test_experts_that_a_few_images_do_not_reach_are_not_called_unused():
    mixture = (
        f"{FLATTEN}\n        out = torch.zeros(len(x), 120)\n"
        "        chosen = self.gate(x).softmax(1)\n"
        "        for number, expert in enumerate(self.experts):\n"
        "            mine = chosen.argmax(1) == number\n"
        "            if mine.any():\n"
        "                out[mine] = expert(x[mine]) * chosen[mine][:, number : number + 1]\n"
        "        x = out"
    )
    found = check(
        NET,
        (INIT, INIT + EXPERTS),
        (FLATTEN, mixture),
        ("            nn.Linear(400, 120), nn.ReLU(),\n", ""),
    )
    assert found.findings == ()


def test_a_layer_that_is_left_out_at_random_is_not_called_unused():
    found = check(
        NET,
        (INIT, INIT + "        self.more = nn.Linear(400, 400)\n"),
        (FLATTEN, f"{FLATTEN}\n        if torch.rand(1) > 2:\n            x = x + self.more(x)"),
    )
    assert found.findings == ()
