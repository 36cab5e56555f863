"""Results in the terminal: the check of a network, and a comparison in a few lines."""

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.text import Text

from cnnlab.cli.terminal import Terminal

if TYPE_CHECKING:
    from cnnlab.custom.check import CheckReport
    from cnnlab.experiments.results import ComparisonResult
    from cnnlab.views.sentences import ComparisonText

_COLOURS = {"stops": "bold red", "spoils": "bold yellow", "none": "bold blue"}
_WORDS = {"stops": "Error", "spoils": "Warning", "none": "Note"}


def show_check(terminal: Terminal, report: "CheckReport") -> None:
    """Print a network's layers with their cost, then the findings, the worst first."""
    from cnnlab.views.run_facts import layers_table

    if report.layers:
        table = layers_table(report.layers, report.parameters)
        terminal.table(list(table.headings), [list(row) for row in table.rows])
        terminal.console.print()
    for finding in report.findings:
        colour, word = _COLOURS[finding.effect], _WORDS[finding.effect]
        terminal.console.print(f"[{colour}]{word}:[/] {escape(finding.message)}")
    if report.memory:
        terminal.console.print(report.memory)
    if report.engine:
        terminal.console.print(f"How it runs: {escape(report.engine)}.")
    if report.files:
        terminal.show(f"Each run keeps a copy of: {', '.join(report.files)}.")
    if report.is_sound:
        terminal.console.print(f"[bold]{escape(report.name)} is ready to train.")


def show_comparison(
    terminal: Terminal, results: "ComparisonResult", text: "ComparisonText", details: bool
) -> None:
    """Print the means of a comparison and its sentences; with ``details``, how it was judged."""
    from cnnlab.views.comparison_page import means_table, measured_table

    table = measured_table(results) if details else means_table(results)
    terminal.console.print()
    terminal.table(list(table.headings), [list(row) for row in table.rows])
    terminal.console.print()
    verdicts = [each.verdict for each in text.judged]
    for line in text.lines:
        terminal.console.print(Text(line, "bold" if line in verdicts else ""))
    if details:
        terminal.console.print()
        for line in text.details:
            terminal.show(line)
