"""Commands to look inside a network: export."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, app
from cnnlab.cli.flags import DataDir, Json, Offline, RunFolder, Trust, load
from cnnlab.cli.terminal import Terminal
from cnnlab.errors import ConfigError
from cnnlab.wording import counted


@app.command
def export(
    run_folder: RunFolder,
    /,
    *,
    page: Annotated[
        bool, Parameter(help="One HTML file: every number of the network, in any browser.")
    ] = False,
    output: Annotated[
        Path | None, Parameter(help="The file to write. Default: page.html in the run folder.")
    ] = None,
    half: Annotated[
        bool,
        Parameter(help="Store the weights in half precision: half the size.", negative=()),
    ] = False,
    trust: Trust = False,
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Write a trained network as a page to look inside. It needs no internet and no cnnlab.

    Example: cnnlab export runs/fashion-mnist-lenet5-seed-0 --page
    """
    terminal = Terminal(json_wanted)
    if not page:
        raise ConfigError("Say what to write: add --page.")

    from cnnlab.playground.page import write_page
    from cnnlab.playground.payload import build_payload
    from cnnlab.runs.run import open_run

    run = open_run(run_folder, terminal.say, trust=trust)
    splits = load(run.data_set_name, data_dir, offline, terminal)
    payload = build_payload(run, splits, half=half)
    path = output or run_folder / "page.html"
    write_page(path, payload)
    size = path.stat().st_size
    terminal.show(f"Wrote {path} ({size / 1e6:.2f} MB). Open it with a double-click.")
    if payload.changed is not None:
        terminal.show(
            f"With weights in half precision, {counted(payload.changed, 'prediction')} of "
            f"{len(splits.validation):,} on the validation images differ."
        )
    found = {"page": str(path), "bytes": size, "changed": payload.changed}
    return CommandResult(found)
