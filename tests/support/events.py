"""How a test and the code under test wait for each other: by files, never by the clock."""

import threading
from pathlib import Path

BEGUN = "open('begun', 'w').close()"
"""A line for code under test: it writes the file ``begun`` into the working folder."""


def waiting_for(name: str) -> str:
    """Return lines for code under test: they end once the working folder holds such a file."""
    return (
        f"import pathlib, time\nwhile not pathlib.Path({name!r}).exists():\n    time.sleep(0.01)\n"
    )


class EventTimer(threading.Timer):
    """A timer that goes off once the code under test has run `BEGUN`, whatever its seconds."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self._begun = Path("begun").absolute()

    def run(self):
        while not self._begun.exists():
            if self.finished.wait(0.01):
                return
        self.interval = 0
        super().run()
