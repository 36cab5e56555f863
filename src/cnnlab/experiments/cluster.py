"""A Dask cluster that is running already: reached, and checked to be of the same versions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cnnlab.errors import WorkerError

_SECONDS = 10
_MUST_MATCH = ("cnnlab", "torch", "numpy", "llvmlite")


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
                f"{worker} has {about['nthreads']} threads: trainings that share a process share "
                f"its random numbers, and give other results. Start it so: {start}"
            )
    read_versions = versions_reader(_MUST_MATCH)
    found, here = client.run(read_versions), read_versions()
    for worker, there in found.items():
        for name in _MUST_MATCH:
            if there[name] != here[name]:
                raise WorkerError(
                    f"{name} is {here[name]} here and {there[name]} on {worker}: results would "
                    "not be of one kind. Install the same version there."
                )


def versions_reader(names: tuple[str, ...]) -> Callable[[], dict[str, str]]:
    """Return a function that reads the versions of packages, also where cnnlab is missing.

    Being local it travels as code, not as a name to import.
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
