"""What a person reads in the terminal: messages, tables, chapters, small pictures."""

import sys
import textwrap
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cnnlab.views.page import Chapter


_RAMP = " .:-=+*#%@"
_YES, _NO = ("", "y", "yes", "j", "ja"), ("n", "no", "nein")


class Terminal:
    """Prints results to standard output, and everything else to standard error.

    With JSON, only the JSON goes to standard output.
    """

    def __init__(self, json_wanted: bool = False) -> None:
        self.progress_console = Console(stderr=True, highlight=False)
        self.console = self.progress_console if json_wanted else Console(highlight=False)

    def say(self, message: str) -> None:
        """Print a sentence about what happens."""
        print_wrapped(self.progress_console, message, "dim")

    def show(self, message: str) -> None:
        """Print a result."""
        print_wrapped(self.console, message)

    def warn(self, message: str) -> None:
        """Print what the user should not overlook."""
        print_wrapped(self.progress_console, message, before="Warning: ")

    def error(self, message: str) -> None:
        """Print what went wrong."""
        print_wrapped(self.progress_console, message, before="Error: ")

    def confirm(self, question: str) -> bool:
        """Ask a question until the answer is yes or no. Enter is yes; Ctrl-D is no."""
        while True:
            try:
                # As text: Rich would take [Y/n] in a string for markup, and not print it.
                answer = self.console.input(Text(f"{question} [Y/n] ")).strip().lower()
            except EOFError:
                self.console.print()
                return False
            if answer in _YES or answer in _NO:
                return answer in _YES
            self.show("Answer y or n.")

    def table(self, headings: list[str], rows: list[list[str]], title: str = "") -> None:
        """Print a table: words in the first column, numbers in the others."""
        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
        for index, heading in enumerate(headings):
            justify: Literal["left", "right"] = "right" if index else "left"
            table.add_column(heading, justify=justify, header_style="bold", no_wrap=not index)
        for row in rows:
            table.add_row(*[escape(cell) for cell in row])
        self.console.print(table)

    def chapter(self, number: int, chapter: "Chapter") -> None:
        """Print a chapter of the report, without its pictures."""
        self.console.print()
        self.console.rule(f"[bold]{number}  {escape(chapter.title)}", align="left", style="blue")
        for paragraph in chapter.paragraphs:
            for line in paragraph.split("\n"):
                if line.startswith("  "):  # a command stays one line, so that you can paste it
                    self.console.print(escape(line), soft_wrap=True)
                else:
                    self.console.print(escape(line), width=min(self.console.width, 88))
        if chapter.table:
            self.console.print()
            self.table(list(chapter.table.headings), [list(row) for row in chapter.table.rows])

    def picture(self, image: "NDArray[np.uint8]") -> None:
        """Print a grey image, two rows in one line; as letters if the terminal has no colour."""
        is_colourful = self.console.color_system in ("truecolor", "256")
        if is_colourful and not self.console.options.ascii_only:
            for top, bottom in zip(image[::2], image[1::2], strict=True):
                line = Text("  ")
                for upper, lower in zip(top, bottom, strict=True):
                    line.append(
                        "\u2580",
                        f"rgb({upper},{upper},{upper}) on rgb({lower},{lower},{lower})",
                    )
                self.console.print(line)
            return
        for top, bottom in zip(image[::2].astype(int), image[1::2].astype(int), strict=True):
            levels = (top + bottom) // 2 * (len(_RAMP) - 1) // 255
            self.console.print(Text("  " + "".join(_RAMP[level] for level in levels)))


def is_interactive() -> bool:
    """Return whether a person sits at the terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def print_wrapped(console: Console, message: str, style: str = "", before: str = "") -> None:
    """Print a message: wrapped between words on a terminal, with unchanged lines into a file.

    A line that begins with two spaces is a command. It stays one line, so that you can paste it.
    """
    for line in (before + message).split("\n"):
        parts = [line]
        if console.is_terminal and not line.startswith("  "):
            parts = textwrap.wrap(
                line, console.width, break_long_words=False, break_on_hyphens=False
            ) or [""]
        for part in parts:
            text = Text(part, style)
            if before:
                text.stylize("bold red", 0, len(before))
                before = ""
            console.print(text, soft_wrap=True)
