"""Every link in the documents leads to a file that is there, and to a heading in it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
PLANNED = {"docs/tutorial.md"}
"""Documents that may be linked to before they are written."""


def links(document):
    """Return the target of each link and picture in a document, outside of code."""
    text = re.sub(r"```.*?```|`[^`]*`", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)\)", text)


def anchors(document):
    """Return the names by which GitHub links to a document's headings."""
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(document):
    """Return every link to a place in this project that is not there."""
    found = []
    for link in links(document):
        if re.match(r"https?://", link):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        if not target.exists():
            found += [link] * (target.relative_to(ROOT).as_posix() not in PLANNED)
        elif anchor and anchor not in anchors(target):
            found.append(link)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document):
    assert broken(document) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.test_docs.ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "b.md").write_text("# Did it help?\n\n```sh\n# no heading\n```\n")
    page = tmp_path / "a.md"
    page.write_text(
        "[good](b.md) [good](b.md#did-it-help) [own](#here) ![picture](c.png)\n"
        "[planned](docs/tutorial.md) [far](https://example.org) `[code](d.md)`\n"
        "[bad](b.md#no-heading)\n## Here\n"
    )
    assert broken(page) == ["c.png", "b.md#no-heading"]
