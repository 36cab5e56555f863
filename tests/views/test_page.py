"""How the parts of a page become HTML."""

import pytest

from cnnlab.views.page import Chapter, Report, Table, keep_together


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


def test_units_are_kept_together_everywhere_but_in_what_is_pasted(tmp_path):
    page = Report(
        title="t",
        subtitle="1 %",
        facts=[("a", "2 %")],
        chapters=[
            Chapter(
                "c",
                ["Over 3 %.\nThen over 4 %. Try:\n  cnnlab 5 %"],
                Table(["6 %"], [["7 %"]]),
                listing="8 %",
            )
        ],
        made_with=["cnnlab 9 %"],
        lead=["10 %"],
    )
    page.write(tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text(encoding="utf-8").split("</style>")[1]
    for number in (1, 2, 3, 4, 6, 7, 10):
        assert f"{number}\u00a0%" in html
    for pasted in ("cnnlab 5 %", "8 %", "cnnlab 9 %"):
        assert pasted in html


def test_a_line_that_begins_with_two_spaces_is_a_command(tmp_path):
    page = Report("t", "", [], [Chapter("c", ["One.\nTwo:\n  cnnlab <a>"])])
    page.write(tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<p>One.<br>\nTwo:\n<code class="command">cnnlab &lt;a&gt;</code>' in html
