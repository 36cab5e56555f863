"""Work that training need not wait for: writing files, one after another, in another thread."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType


class Background:
    """Does one piece of work at a time in the background; a fault is raised at the next call.

    Leaving its ``with`` block waits until all is done, and raises too.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cnnlab-writer")
        self._last: Future[None] | None = None

    def __enter__(self) -> "Background":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown()
        if error is None:
            self.wait()

    def do(self, work: Callable[[], None]) -> None:
        """Begin a piece of work as soon as the one before is done."""
        self.wait()
        self._last = self._pool.submit(work)

    def wait(self) -> None:
        """Wait until all work is done; raise its fault."""
        if self._last is not None:
            last, self._last = self._last, None
            last.result()
