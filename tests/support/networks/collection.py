"""All networks of the collection, by name."""

from tests.support.networks import (
    broken_files,
    broken_learning,
    broken_shapes,
    sound_blocks,
    sound_corners,
    sound_flatten,
    sound_layers,
    sound_sequences,
    sound_styles,
    sound_weights,
)
from tests.support.networks.case import Broken, Sound


def _united(*files):
    """Return the cases of all files; no two may have the same name."""
    names = [name for file in files for name in file]
    assert len(names) == len(set(names)), sorted(n for n in set(names) if names.count(n) > 1)
    return {name: case for file in files for name, case in file.items()}


SOUND: dict[str, Sound] = _united(
    *(
        file.SOUND
        for file in (
            sound_flatten,
            sound_styles,
            sound_blocks,
            sound_corners,
            sound_sequences,
            sound_layers,
            sound_weights,
        )
    )
)
BROKEN: dict[str, Broken] = _united(
    *(file.BROKEN for file in (broken_files, broken_shapes, broken_learning))
)
