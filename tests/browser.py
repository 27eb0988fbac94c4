"""Debian's Chromium for the browser tests; where it is missing they skip with a reason."""

import shutil
import time
from contextlib import contextmanager

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

# The whole browser, with the page of its own window; and the one without a window, which draws the
# same pages with half the processor time.
WHOLE_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM = shutil.which("chromium-headless-shell") or WHOLE_CHROMIUM
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed; .ci/run installs it by apt"
)


@contextmanager
def chromium(*flags: str):
    """A running browser. flags: beside those of every test."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        yield browser
        browser.close()


def as_on_a_device(browser, folder):
    """A browser that remembers, as people's own does: what installs a page is off in others.

    browser: any that runs, for its driver."""
    return browser.browser_type.launch_persistent_context(
        str(folder), executable_path=WHOLE_CHROMIUM, args=FLAGS
    )


def wait_until(page, expression: str, limit_s: float = 60.0) -> None:
    """Wait until an expression is true in the page.

    Playwright's own `wait_for_function` lets the page turn a text into code, which our content
    policy refuses.
    """
    give_up = time.monotonic() + limit_s
    while not page.evaluate(expression):
        assert time.monotonic() < give_up, f"never true: {expression}"
        page.wait_for_timeout(50)


def settle(page) -> None:
    """Wait until no script has run for a moment: a run begins a little after its cause."""
    page.evaluate("window.stillSince = undefined")
    wait_until(
        page,
        """(() => {
            const app = document.querySelector("[data-testid=stApp]");
            if (app?.dataset.testScriptState !== "notRunning") window.stillSince = undefined;
            else window.stillSince ??= performance.now();
            return performance.now() - window.stillSince > 400;
        })()""",
    )
