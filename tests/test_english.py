"""No message, help text, docstring or comment has one of the phrases that confuse a reader."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import cnnlab

SOURCE = Path(cnnlab.__file__).parent
ROOMS = (
    *("errors", "files", "notices", "seeding", "startup", "wording"),
    *("training", "insight", "runs", "experiments", "cli"),
)
"""The rooms that are checked; add a room when its words are plain."""

BANNED = {
    r"(?<!here.)(is|are) no (?!longer)\w+": "is not a",
    r"one and the same": "the same",
    r"anew": "again",
    r"to be had": "available",
    r"(go|goes|going|gone|went) on": "resume or continue",
    r"mend(s|ed|ing)?": "fix",
    r"learnt": "learned",
    r"trainings": "runs",
    r"a training (is|was|has)": "a run",
    r"figures": "metrics, numbers or plots",
    r"in no mean": "excluded from the mean",
    r"A/A check": "A/A test",
    r"(no|any|the) spread": "standard deviation",
    r"the same bits": "bit-identical",
    r"(right|wrong) answers?": "correct or wrong predictions",
    r"touch no": "never download, change or use",
    r"takes? (it|them|the \w+) (away|out)": "delete or remove",
    r"puts? (it|them|the \w+) back": "restore",
    r"passing over": "skipping",
    r"stands? (by|under|itself|where)": "is",
    r"knows? no": "does not know",
    r"(is|are|was|be) (told|said)": "say who acts: notify hears, the command prints",
    r"raises `\w+`( and `\w+`)? where": "raises ... if",
    r"of one's own": "your own, or a user's own",
    r"without a network": "offline",
}
"""Phrases as regular expressions of whole words, each with better words."""


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield every string and comment of a program, with the line on which it begins."""
    tree = ast.parse(source)
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in node.values]
            yield node.lineno, "".join(parts)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def complaints(path: Path) -> list[str]:
    """Return where a file has a banned phrase, which one, and better words."""
    found = []
    for first_line, text in texts(path.read_text(encoding="utf-8")):
        for pattern, better in BANNED.items():
            spaced = pattern.replace(" ", r"\s+")
            for match in re.finditer(rf"(?<!\w){spaced}(?!\w)", text, re.IGNORECASE):
                line = first_line + text[: match.start()].count("\n")
                phrase = " ".join(match[0].split())
                found.append(f"{path.name}:{line}: {phrase!r}; better: {better}")
    return found


def in_rooms() -> list[Path]:
    return [
        path
        for path in sorted(SOURCE.rglob("*.py"))
        if path.relative_to(SOURCE).parts[0].removesuffix(".py") in ROOMS
    ]


def test_no_text_has_a_banned_phrase():
    found = [line for path in in_rooms() for line in complaints(path)]
    assert not found, "\n".join(found)


def test_every_room_has_files():
    rooms = {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in in_rooms()}
    assert rooms == set(ROOMS)


@pytest.mark.parametrize(
    ("line", "phrase"),
    [
        ('say("This is no nn.Module.")', "is no nn"),
        ('say(f"{name} is\\n no network.")', "is no network"),
        ('say("Stop it; the same command "\n    "goes on.")', "goes on"),
        ('"""Raises `RunError` where it fails."""', "Raises `RunError` where"),
        ("x = 1  # it was mended", "mended"),
    ],
)
def test_the_check_names_file_line_phrase_and_better_words(tmp_path, line, phrase):
    path = tmp_path / "mine.py"
    path.write_text(f"import cnnlab\n\n{line}\n")
    (found,) = complaints(path)
    assert re.fullmatch(rf"mine\.py:[34]: {re.escape(repr(phrase))}; better: .+", found)


@pytest.mark.parametrize(
    "text", ["There is no model 'x'.", "It is no longer there.", "I recommended it.", "Go once."]
)
def test_the_check_accepts_good_english(tmp_path, text):
    path = tmp_path / "mine.py"
    path.write_text(f"say({text!r})\n")
    assert complaints(path) == []
