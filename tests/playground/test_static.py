"""The page's files keep the rules that no browser checks."""

import re

import pytest

from cnnlab.playground.bundle import EXPORT, IMPORT, STATIC

FILES = sorted(path.name for path in STATIC.iterdir() if path.suffix != ".xz")
SCRIPTS = [name for name in FILES if name.endswith(".js")]
FORBIDDEN = {
    # Text never becomes HTML or code.
    *("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"),
    # Firefox and Brave put noise into what these return.
    *("getImageData", "toDataURL"),
}
NEWER_THAN_SAFARI_15 = (r"\.at\(", r"structuredClone", r"findLast", r"\bstatic \{", r"\(\?<[=!]")


def text_of(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_nothing_that_is_forbidden(name):
    assert [each for each in sorted(FORBIDDEN) if each in text_of(name)] == []


@pytest.mark.parametrize("name", FILES)
def test_only_the_served_page_asks_for_anything(name):
    asks = re.findall(r"fetch\(|XMLHttpRequest|WebSocket|https?://(?!www\.w3\.org)", text_of(name))
    assert asks == (["fetch("] if name == "live.js" else [])


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_in_safari_15(name):
    assert [each for each in NEWER_THAN_SAFARI_15 if re.search(each, text_of(name))] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_imports_what_another_exports(name):
    text = text_of(name)
    imports = IMPORT.findall(text)
    assert len(imports) == len(re.findall(r"^\s*import\b", text, re.MULTILINE))
    for names, file in imports:
        assert f"{file}.js" in SCRIPTS
        exported = set(EXPORT.findall(text_of(f"{file}.js")))
        assert {each.strip() for each in names.strip("{}").split(",")} - exported == set()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_exports_only_functions_and_constants(name):
    """No other form is understood by what makes one script of all of them."""
    text = text_of(name)
    assert len(EXPORT.findall(text)) == len(re.findall(r"^\s*export\b", text, re.MULTILINE))
