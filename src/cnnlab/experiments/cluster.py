"""A Dask cluster that is running already: reached, and checked to be of the same versions."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from cnnlab.errors import WorkerError

_SECONDS = 10
_MUST_MATCH = ("cnnlab", "torch", "numpy")


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Yield a client of the scheduler at an address, as tcp://name:8786.

    Raises `WorkerError` where it does not answer, has no workers, or a worker's versions
    differ from this machine's: results of two versions would be taken for one.
    """
    try:
        from distributed import Client
    except ImportError:
        raise WorkerError(
            "A cluster needs the extra: pip install 'cnnlab[cluster]', here and on every machine."
        ) from None
    try:
        client: Any = Client(address, timeout=_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise WorkerError(
            f"No Dask scheduler answers at {address} within {_SECONDS} s ({error}). Start one "
            "with 'dask scheduler', and a 'dask worker' on each machine."
        ) from None
    try:
        _check(client, address)
        yield client
    finally:
        client.close()


def _check(client: Any, address: str) -> None:
    found = client.run(versions)
    if not found:
        raise WorkerError(
            f"The scheduler at {address} has no workers. On each machine: dask worker {address}"
        )
    here = versions()
    for worker, there in found.items():
        for name in _MUST_MATCH:
            if there[name] != here[name]:
                raise WorkerError(
                    f"{name} is {here[name]} here and {there[name]} on {worker}: results would "
                    "not be of one kind. Install the same version there."
                )


def versions() -> dict[str, str]:
    """Return the versions that a training's result depends on."""
    found = {}
    for name in _MUST_MATCH:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found
