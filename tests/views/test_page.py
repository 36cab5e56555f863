"""How the parts of a page become HTML."""

from pathlib import Path

import pytest
from markupsafe import Markup

from cnnlab.views.figures.markup import keep_together
from cnnlab.views.page import Chapter, Drawing, Report, Table


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("97.77 %, 95 % interval", "97.77~%, 95~% interval"),
        ("12 s, 3 min or 2.5 h", "12~s, 3~min or 2.5~h"),
        ("+1.48 points, 1 point", "+1.48~points, 1~point"),
        ("6 x 28 x 28", "6~x~28~x~28"),
        ("3 seeds, 10 sheep, 5 hats", "3 seeds, 10 sheep, 5 hats"),
        ("0 % | 100 %", "0~% | 100~%"),
    ],
)
def test_no_line_breaks_between_a_number_and_its_unit(text, kept):
    assert keep_together(text).replace("\u00a0", "~") == kept


def written(page, folder):
    page.write(folder / "page.html")
    return (folder / "page.html").read_text(encoding="utf-8").split("</style>")[1]


def test_units_are_kept_together_everywhere_but_in_what_is_pasted(tmp_path):
    page = Report(
        title="t",
        subtitle="1 %",
        facts=[("a", "2 %")],
        chapters=[
            Chapter(
                "c",
                ["Over 3 %.\nThen over 4 %. Try:\n  cnnlab 5 %"],
                Table(["6 %"], [["7 %", "8 %"]]),
                [Drawing(Markup("<i>drawn</i>"), "10 %")],
            )
        ],
        made_with=["cnnlab 9 %"],
        lead=["11 %"],
        details=["12 %"],
    )
    html = written(page, tmp_path)
    for number in (1, 2, 3, 4, 6, 7, 8, 10, 11, 12):
        assert f"{number}\u00a0%" in html
    for pasted in ("cnnlab 5 %", "cnnlab 9 %"):
        assert pasted in html
    assert "<i>drawn</i>" in html


def test_a_line_that_begins_with_two_spaces_is_a_command(tmp_path):
    html = written(Report("t", "", [], [Chapter("c", ["One.\nTwo:\n  cnnlab <a>"])]), tmp_path)
    assert '<p>One.<br>\nTwo:\n<code class="command">cnnlab &lt;a&gt;</code>' in html


def test_text_is_escaped_everywhere(tmp_path):
    bad = "<script>alert(1)</script>"
    page = Report(
        bad, bad, [(bad, bad)], [Chapter(bad, [bad], Table([bad], [[bad]]))], [bad], [bad]
    )
    assert "<script" not in written(page, tmp_path)


def test_two_chapters_share_a_row_and_one_alone_has_its_text_beside_its_figure():
    drawn = [Drawing(Markup("x"))]
    half, wide = Chapter("h", [], drawings=drawn), Chapter("w", [], drawings=drawn, wide=True)
    words = Chapter("words", ["a"])
    page = Report("t", "", [], [half, half, half, wide, half, words, wide])
    assert [layout for _, layout in page.cards] == [
        *("half", "half", "alone", "wide", "half", "half words", "wide")
    ]


def test_the_home_folder_is_nowhere_on_a_page(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/home/anna"))
    page = Report("t", "", [("Data set", "/home/anna/images")], made_with=["cnnlab /home/anna/a"])
    html = written(page, tmp_path)
    assert "anna" not in html
    assert "cnnlab ~/a" in html
