"""How fast is the page: a pass, a drawn frame, covering parts, its opening; and how play starts.

    python benchmarks/page.py --run runs/fashion-mnist-lenet5-seed-0
    python benchmarks/page.py --run runs/fashion-mnist-lenet5-seed-0 --busy

Everything is measured in one headless Chromium. --busy: one busy process runs beside it.
"""

import re
import shutil
import statistics
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from against import busy_process
from harness import about, command_line, write_results

PASSES, OPENINGS = 200, 10
_MEASURE = """
([content, passes]) => {
  const bytes = Uint8Array.from(atob(content.weights), each => each.charCodeAt(0));
  const { readGraph, compute, asInput } = forward_js, { rasterise, drawnDigit } = digit_js;
  const graph = readGraph(content.graph, bytes), empty = new Uint8Array(784);
  const input = asInput(new Uint8Array(784).fill(99));
  let kept = null;
  const timed = (count, work) => Array.from({ length: count }, (_, i) => {
    const start = performance.now();
    work(i);
    return performance.now() - start;
  });
  const line = Array.from({ length: 200 }, (_, i) => [
    140 + 80 * Math.sin(i / 20), 140 + 80 * Math.cos(i / 31),
  ]);
  const draw = i => {
    const levels = drawnDigit(rasterise([line.slice(0, 1 + i)])) || empty;
    kept = compute(graph, asInput(levels), kept);
  };
  return {
    pass: timed(passes, () => { kept = compute(graph, input, kept); }),
    frame: timed(passes, draw),
    occlusion: timed(10, () => { for (const each of explain_js.occlude(graph, input)) void each; }),
  };
}
"""


def main(
    *,
    run: Annotated[Path, Parameter(help="A run folder.")],
    busy: Annotated[bool, Parameter(help="Beside one busy process.")] = False,
) -> None:
    """Measure, print and keep milliseconds: median, and the range from least to most."""
    from playwright.sync_api import sync_playwright

    from cnnlab import load, open_run
    from cnnlab.playground.bundle import module
    from cnnlab.playground.page import render
    from cnnlab.playground.payload import build_payload

    opened = open_run(run)
    payload = build_payload(opened, load(opened.data_set_name))
    file = run / "page.html"
    file.write_bytes(render(payload))
    names = ("forward", "explain", "digit")
    text = "\n".join(module(name) for name in names)
    text += "".join(f"\nwindow.{name}_js = {name}_js;" for name in names)
    with busy_process() if busy else nullcontext(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox"],
        )
        page = browser.new_page()
        page.add_script_tag(content=text)
        times = page.evaluate(_MEASURE, [payload.content, PASSES])
        times["ready"] = [_opening(browser, file.resolve().as_uri()) for _ in range(OPENINGS)]
        browser.close()
        times["play_starts"] = [_start() for _ in range(OPENINGS)]
    found = {
        name: {
            "n": len(each),
            "median_ms": round(statistics.median(each), 2),
            "least_ms": round(min(each), 2),
            "most_ms": round(max(each), 2),
        }
        for name, each in times.items()
    }
    for name, each in found.items():
        print(f"{name:12} {each}")
    result = {**about(), "busy": busy, "bytes": file.stat().st_size, "milliseconds": found}
    write_results(f"page{'-busy' if busy else ''}", result)


def _opening(browser: object, address: str) -> float:
    """Return the milliseconds from the address to the proof that the page computes as PyTorch."""
    page = browser.new_page()  # type: ignore[attr-defined]
    start = time.perf_counter()
    page.goto(address)
    page.locator(".proof").wait_for()
    taken = 1000 * (time.perf_counter() - start)
    page.close()
    return taken


def _start() -> float:
    """Return the milliseconds from the command to the printed address."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "cnnlab", "play", "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    while not re.search("http://", process.stdout.readline()):
        pass
    taken = 1000 * (time.perf_counter() - start)
    process.kill()
    process.wait()
    return taken


if __name__ == "__main__":
    command_line(main)()
