"""What the child process of `cnnlab.custom.sandbox` runs: one trial, left in a folder."""

import os
import tempfile
from pathlib import Path

from cnnlab.custom.network import CustomNetwork
from cnnlab.custom.observe import observe_here
from cnnlab.custom.process import watchdog
from cnnlab.custom.sandbox import STAGE, TRIAL
from cnnlab.custom.trial import Stage


def main(folder: str, seconds: float, source: CustomNetwork) -> None:
    """Try the network that a source makes, leave the trial in the folder, and end this process.

    When the time is over, the lines that are running are left there instead.
    """
    tempfile.tempdir = folder  # what the user's code leaves there goes with it

    def note(stage: Stage) -> None:
        Path(folder, STAGE).write_text(stage)

    with watchdog(Path(folder), seconds):
        trial = observe_here(source, note)
    whole = Path(folder, f"{TRIAL}.part")
    whole.write_text(trial.to_json(), encoding="utf-8")
    whole.rename(Path(folder, TRIAL))
    os._exit(0)  # a thread that the user's code started need not end
