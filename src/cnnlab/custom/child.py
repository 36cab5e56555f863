"""What the child process of `cnnlab.custom.sandbox` runs: one trial, left in a folder."""

import faulthandler
import os
import tempfile
from pathlib import Path

from cnnlab.custom.network import CustomNetwork
from cnnlab.custom.observe import observe_here
from cnnlab.custom.sandbox import STAGE, TRACEBACK, TRIAL
from cnnlab.custom.trial import Stage


def main(folder: str, seconds: float, source: CustomNetwork) -> None:
    """Try the network that a source makes, leave the trial in the folder, and end this process.

    When the time is over, the lines that are running are left there instead.
    """
    tempfile.tempdir = folder  # what the user's code leaves there goes with it

    def note(stage: Stage) -> None:
        Path(folder, STAGE).write_text(stage)

    with Path(folder, TRACEBACK).open("w") as traceback:
        # Its watchdog is compiled code: it ends a call of compiled code too, whatever that waits
        # for, and it writes which lines of Python were running.
        faulthandler.enable(traceback)
        faulthandler.dump_traceback_later(seconds, exit=True, file=traceback)
        trial = observe_here(source, note)
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()
    whole = Path(folder, f"{TRIAL}.part")
    whole.write_text(trial.to_json(), encoding="utf-8")
    whole.rename(Path(folder, TRIAL))
    os._exit(0)  # a thread that the user's code started need not end
