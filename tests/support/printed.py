"""What a command printed, read as a person reads it."""


def said(text):
    """Return a text with all line ends and spaces as one space each."""
    return " ".join(text.split())
