"""Commands to look inside a network: play, export."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, app
from cnnlab.cli.flags import DataDir, Json, Offline, RunFolder, Trust, WholeNumber, load
from cnnlab.cli.terminal import Terminal
from cnnlab.errors import ConfigError, RunError
from cnnlab.wording import command_line, counted


@app.command
def play(
    runs: Annotated[
        list[Path] | None,
        Parameter(help="Run folders. Without one: all in runs/, the newest first."),
    ] = None,
    /,
    *,
    port: Annotated[WholeNumber, Parameter(help="The port. 0: a free one.")] = 0,
    browser: Annotated[bool, Parameter(help="Open the browser.")] = True,
    trust: Trust = False,
    data_dir: DataDir = None,
    json_wanted: Json = False,
) -> CommandResult:
    """Look inside trained networks in the browser: every number, your own pictures. Ctrl-C ends it.

    Example: cnnlab play runs/fashion-mnist-lenet5-seed-0
    """
    terminal = Terminal(json_wanted)

    import webbrowser

    from cnnlab.playground.server import serve
    from cnnlab.playground.worker import Worker
    from cnnlab.runs.layout import CONFIG, not_a_run, runs_in

    folders = runs or runs_in(Path("runs"))
    for folder in folders:
        if not (folder / CONFIG).is_file():
            raise RunError(not_a_run(folder))

    def on_address(address: str) -> None:
        terminal.show(f"Open {address}\nEnd it with Ctrl-C.")
        if browser:
            webbrowser.open(address)

    worker = Worker([str(each) for each in folders], trust, str(data_dir) if data_dir else None)
    names = [each.name for each in folders] or ["LeNet-5 that comes with cnnlab"]
    if not folders:
        terminal.say(
            "There is no run in runs/ yet. So the page shows a LeNet-5 that comes with cnnlab. "
            f"Train your own:\n  {command_line('train', '--recipe', 'sprint')}"
        )
    serve(names, worker, port, on_address)
    return CommandResult({"runs": [str(each) for each in folders]})


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
