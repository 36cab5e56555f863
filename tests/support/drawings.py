"""200 drawings of digits, as a hand would draw them: python -m tests.support.drawings writes them.

A drawing is a digit and its strokes, each an array of points (x, y) on a sheet of 280 x 280. They
lie in tests/playground/drawings.json in tenths, because a pointer is between pixels too.
"""

import json
from pathlib import Path

import numpy as np

STORED = Path(__file__).parents[1] / "playground" / "drawings.json"
SHEET = 280
OF_EACH_DIGIT = 20

Drawing = tuple[int, list[np.ndarray]]


def arc(x, y, wide, high, start, end):
    """Return a part of an ellipse; angles in degrees, 0 is right, 90 is down."""
    angles = np.radians(np.linspace(start, end, 40))
    return np.stack([x + wide * np.cos(angles), y + high * np.sin(angles)], axis=-1)


def line(*points):
    return np.array(points, float)


_WAYS = {
    0: [[arc(0.5, 0.5, 0.33, 0.5, -80, 285)], [arc(0.5, 0.5, 0.45, 0.5, -100, -455)]],
    1: [
        [line((0.5, 0), (0.5, 1))],
        [line((0.2, 0.3), (0.5, 0), (0.5, 1))],
        [line((0.25, 0.25), (0.5, 0), (0.5, 1)), line((0.2, 1), (0.8, 1))],
    ],
    2: [
        [np.concatenate([arc(0.5, 0.28, 0.35, 0.28, -170, 40), line((0.1, 1), (0.95, 1))])],
        [
            np.concatenate(
                [
                    arc(0.5, 0.3, 0.35, 0.3, -160, 50),
                    arc(0.25, 0.88, 0.14, 0.1, -30, -330),
                    line((0.6, 1), (0.95, 0.9)),
                ]
            )
        ],
    ],
    3: [
        [
            np.concatenate(
                [arc(0.42, 0.25, 0.36, 0.25, -150, 80), arc(0.42, 0.74, 0.42, 0.26, -85, 150)]
            )
        ],
        [
            np.concatenate(
                [line((0.1, 0), (0.85, 0), (0.45, 0.4)), arc(0.4, 0.7, 0.42, 0.3, -80, 150)]
            )
        ],
    ],
    4: [
        [line((0.6, 0), (0.05, 0.65), (0.95, 0.65)), line((0.65, 0.3), (0.65, 1))],
        [line((0.15, 0), (0.1, 0.5), (0.8, 0.5)), line((0.8, 0), (0.75, 1))],
        [line((0.7, 1), (0.7, 0), (0.05, 0.65), (0.95, 0.65))],
    ],
    5: [
        [
            np.concatenate([line((0.2, 0), (0.15, 0.45)), arc(0.4, 0.7, 0.42, 0.3, -110, 140)]),
            line((0.2, 0), (0.85, 0)),
        ],
        [
            np.concatenate(
                [line((0.9, 0), (0.25, 0), (0.2, 0.42)), arc(0.42, 0.7, 0.42, 0.3, -100, 150)]
            )
        ],
    ],
    6: [
        [np.concatenate([line((0.75, 0), (0.35, 0.35)), arc(0.5, 0.72, 0.35, 0.28, -160, 200)])],
        [
            np.concatenate(
                [arc(0.75, 0.55, 0.6, 0.55, -90, -170), arc(0.5, 0.72, 0.32, 0.28, 160, 520)]
            )
        ],
    ],
    7: [
        [line((0.1, 0), (0.9, 0), (0.4, 1))],
        [line((0.1, 0), (0.9, 0), (0.35, 1)), line((0.3, 0.5), (0.8, 0.5))],
        [line((0.1, 0.2), (0.1, 0), (0.9, 0.02), (0.5, 0.5), (0.45, 1))],
    ],
    8: [
        [
            np.concatenate(
                [
                    arc(0.5, 0.25, 0.28, 0.25, -30, -270),
                    arc(0.5, 0.76, 0.36, 0.26, -90, 270),
                    arc(0.5, 0.25, 0.28, 0.25, 90, -30),
                ]
            )
        ],
        [arc(0.5, 0.25, 0.3, 0.25, 0, 360), arc(0.5, 0.75, 0.35, 0.25, -90, 270)],
    ],
    9: [
        [np.concatenate([arc(0.45, 0.28, 0.35, 0.28, -10, -360), line((0.8, 0.3), (0.7, 1))])],
        [np.concatenate([arc(0.45, 0.3, 0.35, 0.3, -20, -350), arc(0.3, 0.6, 0.5, 0.4, -20, 110)])],
    ],
}
"""For each digit the ways to draw it, in a box of 1 x 1, x to the right and y down."""


def resample(points: np.ndarray, gap: float) -> np.ndarray:
    """Return points that lie ``gap`` apart along a line, as a pointer reports them."""
    along = np.concatenate([[0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
    places = np.linspace(0, along[-1], max(2, round(along[-1] / gap)))
    return np.stack([np.interp(places, along, axis) for axis in points.T], axis=-1)


def drawn(digit: int, number: int, random: np.random.Generator) -> Drawing:
    """Return one drawing: most fill the sheet, some are small, slanted, shaky or over the edge."""
    ways = _WAYS[digit]
    high = random.uniform(70, 215)
    wide = high * random.uniform(0.45, 0.9)
    slant, turned = random.normal(0, 0.12), random.normal(0, 0.1)
    room = np.array([SHEET - wide, SHEET - high])
    corner = room / 2 + random.uniform(-0.5, 0.5, 2) * (room - 40)
    if number % 10 == 9:  # over an edge: the page keeps the pen on the sheet
        corner += random.choice([-1, 1], 2) * random.uniform(20, 60, 2)
    turn = np.array([[np.cos(turned), -np.sin(turned)], [np.sin(turned), np.cos(turned)]])
    strokes = []
    for way in ways[number % len(ways)]:
        x, y = (way - 0.5).T
        placed = np.stack([(x - slant * y) * wide, y * high], axis=-1) @ turn.T
        points = resample(placed, random.uniform(8, 24))
        points += random.normal(0, random.uniform(0, 2.5), points.shape)
        strokes.append(points + corner + [wide / 2, high / 2])
    if number % 10 == 4:  # a speck of the pen, beside the digit or on it
        strokes.append(random.uniform(15, SHEET - 15, (1, 2)))
    return digit, [np.clip(points, 0, SHEET).round(1) for points in strokes]


def draw_all() -> list[Drawing]:
    """Return the drawings, digit after digit."""
    random = np.random.default_rng(20)
    return [drawn(digit, n, random) for digit in range(10) for n in range(OF_EACH_DIGIT)]


def write(drawings: list[Drawing]) -> None:
    lines = []
    for digit, strokes in drawings:
        tenths = [np.rint(points * 10).astype(int).ravel().tolist() for points in strokes]
        lines.append(json.dumps([digit, tenths], separators=(",", ":")))
    STORED.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def read() -> list[Drawing]:
    """Return the stored drawings."""
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    return [(d, [np.reshape(each, (-1, 2)) / 10 for each in tenths]) for d, tenths in stored]


if __name__ == "__main__":
    write(draw_all())
