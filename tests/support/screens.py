"""A page as a browser shows it, and what every page of cnnlab must keep there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe

SCREENS = {"phone": (380, 800), "laptop": (1280, 800), "projector": (1920, 1080)}
_LEAST = {"phone": 13, "laptop": 13, "projector": 22}
"""The smallest text in pixels, by screen."""
_SMALL_TEXT = """least => [...document.querySelectorAll("main *")].filter(e =>
    [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
    && e.getBoundingClientRect().width > 2
    && parseFloat(getComputedStyle(e).fontSize) < least
).map(e => e.tagName + " " + e.textContent.trim().slice(0, 40))"""
_OUTSIDE = """width => [...document.querySelectorAll("main text, main img")].filter(e => {
    const box = e.getBoundingClientRect();
    return !e.closest("details") && (box.left < 0 || box.right > width);
}).map(e => e.outerHTML.slice(0, 80))"""
_IS_LOADED = "[...document.images].every(i => i.complete && i.naturalWidth > 0)"
_COLOUR_SCHEME = "getComputedStyle(document.documentElement).colorScheme"


def serious_findings(page: Any) -> list[str]:
    """Return what axe-core finds serious or critical: the rule, and the first element."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]


@contextmanager
def shown(browser: Any, path: Path, screen: str) -> Iterator[Any]:
    """Show a page on a screen of `SCREENS`, and check what every page must keep.

    All images load, nothing lies outside, no text is too small, nothing scrolls sideways, the
    console stays empty, nothing else is requested, axe-core finds nothing serious, and the page
    forbids a browser to darken it.
    """
    width, height = SCREENS[screen]
    said: list[str] = []
    asked: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": height})
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.absolute().as_uri())
    assert page.evaluate(_IS_LOADED)
    assert page.evaluate(_SMALL_TEXT, _LEAST[screen]) == []
    assert page.evaluate(_OUTSIDE, width) == []
    assert page.evaluate(_COLOUR_SCHEME) in {"light only", "only light"}
    assert serious_findings(page) == []
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
