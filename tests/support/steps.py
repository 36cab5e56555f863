"""The steps of a write. Each can be watched, fail, or be the last one."""

import os
import tempfile
from contextlib import contextmanager
from unittest import mock

from cnnlab import files

real = {
    name: getattr(os, name)
    for name in ("fsync", "replace", "mkdir", "unlink", "rmdir", "fdopen", "open")
}


class Halved:
    """A file whose content is written in two halves, with a step between them."""

    def __init__(self, file, step):
        self.file, self.step = file, step

    def write(self, content):
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        self.step("write", self.file.fileno(), content)
        self.file.write(content[len(content) // 2 :])

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        self.file.__enter__()
        return self

    def __exit__(self, *exception):
        return self.file.__exit__(*exception)


@contextmanager
def each_step(step):
    """Call ``step(name, *arguments)`` before each step of a write or deletion by cnnlab."""

    def before(name):
        def call(*arguments, **named):
            step(name, *arguments)
            return real[name](*arguments, **named)

        return call

    def mkstemp(**named):
        step("create", named["prefix"])
        return tempfile.mkstemp(**named)

    class Os:
        fsync = staticmethod(before("fsync"))
        open = staticmethod(before("open"))
        fdopen = staticmethod(lambda *arguments: Halved(real["fdopen"](*arguments), step))

        def __getattr__(self, name):
            return getattr(os, name)

    with (
        mock.patch.object(files, "os", Os()),
        mock.patch.object(files, "tempfile", mock.Mock(mkstemp=mkstemp)),
        mock.patch.object(os, "replace", before("replace")),
        mock.patch.object(os, "mkdir", before("mkdir")),
        mock.patch.object(os, "unlink", before("unlink")),
        mock.patch.object(os, "rmdir", before("rmdir")),
    ):
        yield
