"""The check of a network by its name: ``mine.py:Net``, or one of cnnlab's own."""

from collections.abc import Callable

from cnnlab.models.build import find_network
from cnnlab.models.checking.examine import Checked, examine
from cnnlab.models.checking.finding import FaultError
from cnnlab.models.own import is_own, read_own


def check_network(name: str, notify: Callable[[str], None] = lambda _: None) -> Checked:
    """Return what is known of the network of that name, and all that is wrong with it.

    ``notify`` is told where that takes long. A file that cannot be read, or run, is a finding
    too. Raises `ModelError` where cnnlab has no network of that name.
    """
    if not is_own(name):
        return examine(name, find_network(name).make)
    try:
        own = read_own(name)
    except FaultError as error:
        return Checked(name, findings=(error.finding,))
    return examine(f"{own.path}:{own.class_name}", own, notify)
