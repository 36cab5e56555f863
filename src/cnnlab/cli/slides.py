"""The command that writes the slides of a run."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, app
from cnnlab.cli.flags import DataDir, Json, Offline, RunFolder, Trust, load
from cnnlab.cli.terminal import Terminal
from cnnlab.errors import ConfigError


@app.command
def slides(
    run_folder: RunFolder,
    /,
    *,
    output: Annotated[
        Path | None,
        Parameter(
            name=["--output", "-o"],
            help="The file to write. Default: slides.html, with --pptx slides.pptx.",
        ),
    ] = None,
    link: Annotated[
        str, Parameter(help="An address for the class. The slide Your turn shows it as a QR code.")
    ] = "",
    pptx: Annotated[
        bool,
        Parameter(help="Write a PowerPoint file to edit, without the live part.", negative=()),
    ] = False,
    trust: Trust = False,
    data_dir: DataDir = None,
    offline: Offline = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Write the slides of the workshop, drawn from your own run: one HTML file with notes.

    Example: cnnlab slides runs/fashion-mnist-lenet5-seed-0 -o slides.html
    """
    terminal = Terminal(json_wanted)

    from cnnlab.classroom.deck.powerpoint import require_extra
    from cnnlab.classroom.slides import make_deck, write_deck
    from cnnlab.runs.run import open_run

    path = output or Path("slides.pptx" if pptx else "slides.html")
    ending = ".pptx" if pptx else ".html"
    if path.suffix.lower() != ending:  # before anything is computed
        advice = "Leave out --pptx" if pptx else "Add --pptx for PowerPoint"
        raise ConfigError(
            f"{path} must end in {ending}. {advice}, or name a file such as slides{ending}."
        )
    if pptx:
        require_extra()
    run = open_run(run_folder, terminal.say, trust=trust)
    splits = load(run.data_set_name, data_dir, offline, terminal)
    deck = make_deck(run, splits, link=link, is_live=not pptx)
    size = write_deck(deck, path, is_powerpoint=pptx)
    terminal.show(f"Wrote {path} ({len(deck.slides)} slides, {size / 1e6:.2f} MB).")
    if not pptx:
        terminal.show(
            "Open it with a double-click. Keys: arrows, o (overview), n (notes), ? (all keys)."
        )
    if deck.why_not:
        terminal.say(f"The live part is left out; still pictures take its place. {deck.why_not}")
    found = {"slides": len(deck.slides), "file": str(path), "bytes": size}
    return CommandResult(found | {"live": deck.page is not None})
