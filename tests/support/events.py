"""How a test and the code under test wait for each other: by files, never by the clock."""

BEGUN = "open('begun', 'w').close()"
"""A line for code under test: it writes the file ``begun`` into the working folder."""


def waiting_for(name: str) -> str:
    """Return lines for code under test: they end once the working folder holds such a file."""
    return (
        f"import pathlib, time\nwhile not pathlib.Path({name!r}).exists():\n    time.sleep(0.01)\n"
    )
