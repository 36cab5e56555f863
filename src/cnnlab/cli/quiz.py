"""The workshop step by step: wait for a key, ask for a guess, and count the correct ones."""

from typing import TYPE_CHECKING

from rich.text import Text

from cnnlab.wording import counted

if TYPE_CHECKING:
    from cnnlab.cli.progress import TrainingProgress
    from cnnlab.cli.terminal import Terminal
    from cnnlab.views.page import Chapter
    from cnnlab.workshop.questions import Answer, Question

_LETTERS = "abcdefgh"


class TerminalQuiz:
    """Asks in the terminal. Enter continues, or skips a question. So does the end of the input."""

    def __init__(self, terminal: "Terminal", progress: "TrainingProgress") -> None:
        self.terminal = terminal
        self.progress = progress
        self.choices: tuple[str, ...] = ()
        self.guess: int | None = None
        self.guessed = self.correct = 0
        self._is_read = True

    @property
    def score(self) -> str:
        """How many guesses were correct."""
        if not self.guessed:
            return "You guessed nothing this time."
        return f"You guessed {self.correct} of {counted(self.guessed, 'question')} correctly."

    def chapter(self, number: int, chapter: "Chapter") -> None:
        """Print a chapter, after the person has read what is on the screen."""
        if not self._is_read:
            self._input("Press Enter to continue. ")
        self.terminal.chapter(number, chapter)
        self._is_read = False

    def ask(self, question: "Question") -> None:
        """Ask until the answer is one of the letters, or nothing."""
        self.terminal.show(f"\nGuess first. {question.text}")
        letters = _LETTERS[: len(question.choices)]
        for letter, choice in zip(letters, question.choices, strict=True):
            self.terminal.show(f"  {letter}  {choice}")
        self.choices, self.guess = question.choices, None
        while word := self._input(f"{', '.join(letters[:-1])} or {letters[-1]}? "):
            if word in letters:
                self.guess = letters.index(word)
                break
            self.terminal.show("Type one of the letters, or press Enter to skip.")
        self._is_read = True

    def tell(self, answer: "Answer") -> None:
        """Say whether the last guess was correct, and count it."""
        correct = f"{_LETTERS[answer.correct]}, {self.choices[answer.correct]}"
        if self.guess is None:
            words = f"The answer is {correct}."
        else:
            is_correct = self.guess == answer.correct
            self.guessed += 1
            self.correct += is_correct
            words = "Your guess is correct." if is_correct else f"Not quite: it is {correct}."
        self.terminal.show(f"\n{words} {answer.why}")

    def _input(self, words: str) -> str:
        self.progress.hide()
        try:
            return self.terminal.console.input(Text(f"\n{words}", "bold")).strip().lower()
        except EOFError:
            self.terminal.console.print()
            return ""
