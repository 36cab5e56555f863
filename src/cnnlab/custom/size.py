"""Rules about the size of a network: its parameters, and what a batch keeps in memory."""

from collections.abc import Iterator

from cnnlab.custom.finding import Finding
from cnnlab.custom.trial import Trial
from cnnlab.wording import with_article

MAKE_SMALLER = "Make that layer smaller: use fewer channels, or put a pooling layer before it."
"""What to do with a layer that needs more memory than a laptop has."""
BATCH = 512  # images: the workshop's
_BYTES = 4
_BYTES_PER_PARAMETER = 12  # the weight, its gradient, and its momentum
_MOST_GIGABYTES = 2.0  # gradients take as much again: together half of a small laptop's


def bytes_of_batch(parameters: int, bytes_per_image: int) -> int:
    """Return the memory that training in batches of 512 images needs."""
    return BATCH * bytes_per_image + _BYTES_PER_PARAMETER * parameters


def too_large(trial: Trial) -> Iterator[Finding]:
    """Yield that the network is too large for a laptop to train."""
    seen = trial.too_large
    if seen:
        the = f"By line {seen.line} the" if seen.line else "The"
        gigabytes = seen.parameters * _BYTES / 1e9
        yield Finding(
            "too-large",
            f"{the} network has at least {seen.parameters:,} parameters ({gigabytes:.1f} GB), and "
            "training needs four times that memory. cnnlab allows "
            f"{seen.allowed:,} parameters. The largest layer is {with_article(seen.kind)} with "
            f"{seen.most:,} parameters. {MAKE_SMALLER}",
            seen.line,
        )


def memory(trial: Trial) -> Iterator[Finding]:
    """Yield that training in the usual batches needs more memory than many laptops have."""
    gigabytes = bytes_of_batch(trial.parameters, trial.bytes_per_image) / 1e9
    if gigabytes > _MOST_GIGABYTES:
        yield Finding(
            "memory",
            f"Training in batches of {BATCH} images keeps about {gigabytes:.1f} GB in memory, and "
            "the gradients need as much again. If your computer has less, use smaller batches, as "
            "in --batch-size 64, or fewer channels.",
        )
