"""The output of a command, as a person reads it."""


def said(text):
    """Return a text with single spaces instead of line ends and repeated spaces."""
    return " ".join(text.split())
