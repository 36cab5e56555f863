"""The data sets that this machine can have: find, fetch, check and load them."""

from dataclasses import dataclass, replace
from pathlib import Path

from cnnlab.data.catalog import DATA_SETS, DEFAULT, DEFAULT_SAMPLE, PublishedDataSet, find_data_set
from cnnlab.data.fetch import fetch
from cnnlab.data.files import (
    STATES,
    DataFiles,
    FileCheck,
    State,
    check_files,
    find_files,
    store_files,
    summarise,
)
from cnnlab.data.places import list_places, require_named_folder
from cnnlab.data.sources import FetchRequest
from cnnlab.data.splits import Splits, split
from cnnlab.errors import DataUnavailableError
from cnnlab.notices import Notify, Progress, print_to_stderr


@dataclass(frozen=True)
class DataSetCheck:
    """Whether a data set is on this machine, and the files that are.

    ``folder`` is the first one in that state, None if no folder has any of the files.
    """

    data_set: PublishedDataSet
    state: State
    folder: Path | None
    files: list[FileCheck]


@dataclass(frozen=True)
class Library:
    """The data sets that this machine can have: where they may lie, and who is told.

    A library looks in the folder named by ``data_dir`` or ``CNNLAB_DATA``, in the user's cache
    and in the Debian package's folder. Then it asks the internet, unless it is ``offline``.
    """

    data_dir: str | Path | None = None
    offline: bool = False
    notify: Notify = print_to_stderr
    progress: Progress | None = None

    def load(self, name: str) -> Splits:
        """Return the train, validation and test images of a data set; see `split`.

        Raises `DataError` if there are no images. Another data set never takes its place.
        """
        data_set = find_data_set(name)
        try:
            files = self.obtain(data_set)
        except DataUnavailableError as unavailable:
            raise DataUnavailableError(f"{unavailable}{_sample_hint(data_set)}") from None
        return self._split(files)

    def load_default(self) -> Splits:
        """Return the images of Fashion-MNIST or, if it is not available, of its sample.

        For a user who named no data set. With the sample ``notify`` hears first what is missing
        and how to get it, and ``Splits.data_set`` is the sample.
        """
        whole, sample = DATA_SETS[DEFAULT], DATA_SETS[DEFAULT_SAMPLE]
        try:
            files = self.obtain(whole)
        except DataUnavailableError as unavailable:
            self.notify(
                f"{unavailable}\nUntil then cnnlab uses {sample.title}, which comes with it. Do "
                f"not compare results on the sample with results on {whole.title}."
            )
            files = self.obtain(sample)
        return self._split(files)

    def _split(self, files: DataFiles) -> Splits:
        self.notify(f"{files.data_set.title}: from {files.source}.")
        return split(files.data_set, files.contents, files.source)

    def obtain(self, data_set: PublishedDataSet) -> DataFiles:
        """Return the verified files of a data set; fetch them if they are not here.

        Raises `DataError` if a folder that the user named does not exist or holds a damaged file,
        and `DataUnavailableError` if no place and no source has the files.
        """
        require_named_folder(self.data_dir)
        return self._obtain(data_set)

    def get(self, data_set: PublishedDataSet) -> DataFiles:
        """Make sure that the files are on this machine, and in the folder that the user named.

        Makes that folder if it does not exist. Files that lie elsewhere on the machine are copied,
        not fetched again.
        """
        files = self._obtain(data_set)
        target = list_places(data_set, self.data_dir)[0]
        if files.place.named_by_user or not target.named_by_user:
            return files
        copies = replace(files, place=target, source=f"copied from {files.source}")
        store_files(copies)
        return copies

    def check(self, data_set: PublishedDataSet) -> DataSetCheck:
        """Verify the files of a data set wherever they lie on this machine.

        If the user named a folder, they must lie there: no other place counts. Only what comes
        with cnnlab is everywhere.
        """
        require_named_folder(self.data_dir)
        places = list_places(data_set, self.data_dir)
        if places[0].named_by_user:
            places = [each for each in places if each.named_by_user or each.comes_with_cnnlab]
        found = {place.folder: check_files(data_set, place.folder) for place in places}
        states = {folder: summarise(files) for folder, files in found.items() if files}
        state = next((each for each in STATES if each in states.values()), STATES[-1])
        folder = next((each for each in states if states[each] == state), None)
        files = [each for files in found.values() for each in files]
        return DataSetCheck(data_set, state, folder, files)

    def find_folder(self, data_set: PublishedDataSet) -> Path | None:
        """Return the first folder that has all files of a data set, each verified, or None."""
        require_named_folder(self.data_dir)
        for place in list_places(data_set, self.data_dir):
            checks = check_files(data_set, place.folder)
            if checks and summarise(checks) == "complete":
                return place.folder
        return None

    def _obtain(self, data_set: PublishedDataSet) -> DataFiles:
        where = list_places(data_set, self.data_dir)
        files = find_files(data_set, where, self.notify)
        if files is not None:
            return files
        if where[-1].comes_with_cnnlab:
            own = where[-1].folder
            faults = [fault for each in check_files(data_set, own) for fault in each.faults]
            raise DataUnavailableError(
                f"{data_set.title} comes with cnnlab, but cannot be read from there: "
                f"{faults[0] if faults else f'{own} is missing.'} If files are missing or damaged, "
                "install cnnlab again: pip install --force-reinstall cnnlab"
            )
        if self.offline:
            raise DataUnavailableError(
                f"{data_set.title} is not on this machine, and --offline forbids downloading it. "
                f"cnnlab looked in {'; '.join(map(str, where))}. Run 'cnnlab data get "
                f"{data_set.name}' once with an internet connection, or name a folder that has "
                "the files with --data-dir."
            )
        return fetch(FetchRequest(data_set, where[0], self.notify, self.progress))


def _sample_hint(data_set: PublishedDataSet) -> str:
    """Return, as a line of its own, which samples a user can take in place of a data set."""
    ours = DATA_SETS[DEFAULT_SAMPLE]
    if data_set is ours:
        return ""
    hint = (
        f"\nFor a new run, {ours.title} comes with cnnlab and gives a first result in seconds: "
        f"--dataset {ours.name}."
    )
    for each in DATA_SETS.values():
        if each.sample_of == data_set.name and each is not ours:
            hint += f" If npm is installed, there is also --dataset {each.name}."
    return hint
