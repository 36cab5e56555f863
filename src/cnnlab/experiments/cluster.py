"""Connect to a running Dask cluster, and check that it has the same versions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cnnlab.errors import WorkerError

_SECONDS = 10
_MUST_MATCH = ("cnnlab", "torch", "numpy", "llvmlite")


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Yield a client of the scheduler at an address such as tcp://name:8786.

    Raises `WorkerError` if it does not answer, if it has no workers, or if a worker's versions
    differ from this machine's: results of two versions must not be mixed.
    """
    try:
        from distributed import Client
    except ImportError:
        raise WorkerError(
            "A cluster needs more software. Install it here and on every machine: "
            "pip install 'cnnlab[cluster]'"
        ) from None
    try:
        client: Any = Client(address, timeout=_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise WorkerError(
            f"No Dask scheduler answers at {address} within {_SECONDS} s ({error}). Start one "
            "with 'dask scheduler', and 'dask worker ADDRESS --nthreads 1' on each machine."
        ) from None
    try:
        _check(client, address)
        yield client
    finally:
        client.close()


def _check(client: Any, address: str) -> None:
    workers = client.scheduler_info(n_workers=-1)["workers"]
    start = f"dask worker {address} --nworkers auto --nthreads 1"
    if not workers:
        raise WorkerError(f"The scheduler at {address} has no workers. On each machine: {start}")
    for worker, about in workers.items():
        if about["nthreads"] != 1:
            raise WorkerError(
                f"{worker} has {about['nthreads']} threads; expected 1. Runs in one process share "
                f"its random numbers, so their results would change. Start it with: {start}"
            )
    read_versions = versions_reader(_MUST_MATCH)
    found, here = client.run(read_versions), read_versions()
    for worker, there in found.items():
        for name in _MUST_MATCH:
            if there[name] != here[name]:
                raise WorkerError(
                    f"{name} is {here[name]} here but {there[name]} on {worker}: their results "
                    "must not be mixed. Install the same version there."
                )


def versions_reader(names: tuple[str, ...]) -> Callable[[], dict[str, str]]:
    """Return a function that reads the versions of packages, even where cnnlab is missing.

    It is a local function, so Dask sends its code and not a name to import.
    """

    def read() -> dict[str, str]:
        from importlib.metadata import PackageNotFoundError, version

        found = {}
        for name in names:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = "missing"
        return found

    return read
