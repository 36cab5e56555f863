"""Pages of the shared browser for all tests of the playground."""

from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.trained import train_on_sample


@contextmanager
def fresh_page(browser):
    """Open a page without a network; fail at the end if it reported an error.

    ``page.asked`` lists the addresses that the page asked for, ``page.faults`` what it reported.
    """
    context = browser.new_context(offline=True)
    page = context.new_page()
    faults = page.faults = []
    page.asked = []
    page.on("console", lambda message: faults.append(message.text) if _is_fault(message) else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    yield page
    context.close()
    assert faults == []


def _is_fault(message) -> bool:
    return message.type in {"error", "warning"}


@pytest.fixture
def browser_page(browser):
    """Return a page of one test; see `fresh_page`."""
    with fresh_page(browser) as page:
        yield page


@pytest.fixture(scope="module")
def number_page(browser):
    """Return a page of all tests of a module that only compute in it; see `fresh_page`."""
    with fresh_page(browser) as page:
        yield page


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Return a LeNet-5 that was trained for one epoch on the sample."""
    return train_on_sample(tmp_path_factory.mktemp("page") / "run")
