"""Exercise 4: count the parameters of a network from its rows."""

from typing import TYPE_CHECKING, Any

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.exercise import Case, Exercise, Mistake, names_in

if TYPE_CHECKING:
    from torch import nn

NETS = 20
Row = dict[str, Any]


def _conv(random: Any) -> Row:
    groups = int(random.choice([1, 1, 2, 4]))
    inputs, outputs = (groups * int(random.integers(1, 6)) for _ in range(2))
    bias = bool(random.random() < 0.7)
    return _row("conv", inputs=inputs, outputs=outputs, kernel=int(random.integers(1, 6)),
                groups=groups, bias=bias)  # fmt: skip


def _linear(random: Any) -> Row:
    inputs, outputs = (int(each) for each in random.integers(1, 100, size=2))
    return _row("linear", inputs=inputs, outputs=outputs, bias=bool(random.random() < 0.7))


def _row(kind: str, **settings: Any) -> Row:
    return {"kind": kind, **settings}


def _cases(attempt: Attempt) -> list[Case]:
    """Return single rows first, then LeNet-5's rows, then random networks."""
    random = attempt.random
    pool = _row("pool", maps=6, kernel=2)
    nets = [
        [_row("conv", inputs=1, outputs=6, kernel=5, groups=1, bias=True)],
        [_row("linear", inputs=84, outputs=10, bias=True)],
        [_row("conv", inputs=6, outputs=16, kernel=5, groups=1, bias=True)],
        [pool],
        [_row("linear", inputs=20, outputs=3, bias=False)],
        [_row("batch norm", maps=16)],
        [_row("conv", inputs=8, outputs=4, kernel=3, groups=2, bias=False)],
        names_in(EXERCISE.starter)["LENET5"],
    ]
    for _ in range(NETS):
        rows = []
        for _ in range(int(random.integers(1, 4))):
            rows.append(_conv(random))
            if random.random() < 0.4:
                rows.append(_row("batch norm", maps=rows[-1]["outputs"]))
            maps = next(r.get("outputs", r.get("maps")) for r in reversed(rows))
            rows.append(_row("pool", maps=maps, kernel=int(random.integers(2, 4))))
        rows += [_linear(random) for _ in range(int(random.integers(1, 4)))]
        nets.append(rows)
    return [_case(rows) for rows in nets]


def _case(rows: list[Row]) -> Case:
    words = "\n".join(str({k: v for k, v in row.items() if k != "name"}) for row in rows)
    expected = sum(each.numel() for row in rows for each in _layer(row).parameters())
    return Case((rows,), expected, words)


def _layer(row: Row) -> "nn.Module":
    from torch import nn

    kind, bias = row["kind"], row.get("bias", True)
    if kind == "conv":
        return nn.Conv2d(
            row["inputs"], row["outputs"], row["kernel"], groups=row["groups"], bias=bias
        )
    if kind == "linear":
        return nn.Linear(row["inputs"], row["outputs"], bias=bias)
    return nn.BatchNorm2d(row["maps"]) if kind == "batch norm" else nn.MaxPool2d(row["kernel"])


def _judge(attempt: Attempt) -> str:
    rows = names_in(EXERCISE.starter)["LENET5"]
    counts = {row["name"]: _case([row]).expected for row in rows}
    largest = attempt.answer("largest")
    name = str(largest).strip().lower()
    if name != max(counts, key=counts.__getitem__):
        attempt.refuse(
            name,
            f"parameters is right, but largest is {largest!r}. Expected the name of the row of "
            f"LENET5 with the most parameters, one of: {', '.join(counts)}.",
        )
    total = sum(counts.values())
    return (
        f"{NETS} random networks agree with PyTorch. In LeNet-5, {name} holds "
        f"{counts[name]:,} of {total:,} parameters, {counts[name] / total:.0%}; both "
        f"convolutions together hold {counts['conv1'] + counts['conv2']:,}."
    )


_RIGHT = """
def parameters(rows):
    total = 0
    for row in rows:
        if row["kind"] == "conv":
            each = row["inputs"] // row["groups"] * row["kernel"] ** 2
            total += row["outputs"] * each
            if row["bias"]:
                total += row["outputs"]
        elif row["kind"] == "linear":
            total += row["outputs"] * row["inputs"]
            if row["bias"]:
                total += row["outputs"]
        elif row["kind"] == "batch norm":
            total += 2 * row["maps"]
    return total

largest = "linear1"
"""


def _instead(old: str, new: str) -> str:
    """Return the solution with a mistake in it."""
    if old not in _RIGHT:
        raise ValueError(f"The solution has no {old!r}.")
    return _RIGHT.replace(old, new)


EXERCISE = Exercise(
    number="4",
    title="count the parameters",
    task=(
        "Write parameters(rows): how many numbers a network learns. Each row is a dictionary with "
        "a kind:\n\n"
        "    conv        inputs, outputs (maps), kernel (5 is 5 x 5), groups, bias\n"
        "    linear      inputs, outputs, bias\n"
        "    batch norm  maps: it learns two numbers for each map\n"
        "    pool        maps, kernel: it learns nothing\n\n"
        "If bias is True, each output has one more number. With groups = 2, each output map reads "
        "only half of the input maps. Most networks have groups = 1.\n\n"
        "Then write the name of the row of LENET5 that holds most parameters."
    ),
    starter='''
LENET5 = [
    {"name": "conv1", "kind": "conv", "inputs": 1, "outputs": 6, "kernel": 5, "groups": 1, "bias": True},
    {"name": "pool1", "kind": "pool", "maps": 6, "kernel": 2},
    {"name": "conv2", "kind": "conv", "inputs": 6, "outputs": 16, "kernel": 5, "groups": 1, "bias": True},
    {"name": "pool2", "kind": "pool", "maps": 16, "kernel": 2},
    {"name": "linear1", "kind": "linear", "inputs": 400, "outputs": 120, "bias": True},
    {"name": "linear2", "kind": "linear", "inputs": 120, "outputs": 84, "bias": True},
    {"name": "linear3", "kind": "linear", "inputs": 84, "outputs": 10, "bias": True},
]


def parameters(rows):
    """Return how many numbers the rows learn together."""
    ...


largest = ...  # the name of a row of LENET5
''',  # noqa: E501
    solved=_RIGHT,
    why=(
        "A kernel has one layer of numbers for each input map that it reads: conv2 has "
        "16 x 6 x 25 = 2,400 numbers and 16 biases. A linear layer has one number for each pair of "
        "input and output. linear1 has 400 x 120 + 120 = 48,120, which is 78 % of 61,706: "
        "convolutions are cheap because they use the same numbers everywhere."
    ),
    hints=(
        "6 maps go in and 16 come out. How many numbers does ONE of the 16 outputs need, if it "
        "reads 5 x 5 pixels of all 6 maps?",
        "Slide 14: 16 x 6 x 25 = 2,400, and 16 biases. cnnlab check lenet5 prints the count of "
        "each row.",
        "    for row in rows:\n"
        '        if row["kind"] == "conv":\n'
        '            each = row["inputs"] // row["groups"] * ...  # numbers of one output map\n'
        '            total += row["outputs"] * each\n'
        '            total += row["outputs"] if row["bias"] else 0',
    ),
    question="how many parameters has a linear layer from a 1,000 x 1,000 picture to 1,000 units?",
    mistakes=(
        Mistake(
            "You forgot the biases: if bias is True, each output map or unit has one more number.",
            _instead('total += row["outputs"]\n', "pass\n"),
        ),
        Mistake(
            "You counted a bias in rows that have none: look at bias.",
            _instead('if row["bias"]:', "if True:"),
        ),
        Mistake(
            "You forgot the input maps: each kernel of conv2 reads 6 maps, so it has 6 x 25 "
            "numbers, not 25.",
            _instead('row["inputs"] // row["groups"] * row["kernel"] ** 2', 'row["kernel"] ** 2'),
        ),
        Mistake(
            "You counted the pooling. It takes the largest or the mean: there is nothing to learn.",
            _instead(
                "    return total",
                '        elif row["kind"] == "pool":\n'
                '            total += row["kernel"] ** 2\n'
                "    return total",
            ),
        ),
        Mistake(
            "You left out the groups: with groups = 2, each output map reads only half of the "
            "input maps.",
            _instead(' // row["groups"]', ""),
        ),
        Mistake(
            "You used the kernel as it is: 5 means 5 x 5 numbers, so take its square.",
            _instead(" ** 2", ""),
        ),
        Mistake(
            "You left out the batch norm: it learns two numbers for each map.",
            _instead('total += 2 * row["maps"]', "pass"),
        ),
        Mistake(
            "Batch norm learns two numbers for each map, a factor and a shift; you counted one.",
            _instead("2 * ", ""),
        ),
        Mistake(
            "parameters is right, but largest is a convolution: it has few numbers, and uses them "
            "again at each place. Call parameters([row]) for each row.",
            _instead('"linear1"', '"conv2"'),
            lambda largest: largest in {"conv1", "conv2"},
        ),
    ),
    cases=_cases,
    judge=_judge,
    answers=("parameters", "largest"),
)
