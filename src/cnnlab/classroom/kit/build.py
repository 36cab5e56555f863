"""Make a kit: tell its size, check the room, download what is missing, write the checksums."""

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from cnnlab.classroom.kit import contents
from cnnlab.classroom.kit.resolve import (
    CPU_INDEX,
    INSTALLER,
    KitError,
    Resolver,
    Wheel,
    needed_of,
    with_sizes,
)
from cnnlab.classroom.kit.scripts import FIRST_LINE, readme_files, start_files
from cnnlab.classroom.kit.sums import disk_faults, fetch_wheel, sha256_of, write_file, write_sums
from cnnlab.classroom.kit.target import Target
from cnnlab.classroom.kit.wheel import OwnWheel, own_wheel
from cnnlab.notices import Notify, Progress, print_to_stderr

WHEELS = "wheels"
ABOUT = "setup/kit.json"
_DATA_ROOM = 60_000_000
"""Bytes of both data sets, the page and the documents, a little rounded up."""


@dataclass(frozen=True)
class Plan:
    """The wheels of a kit: cnnlab's own, those of each target, and those still to download."""

    folder: Path
    own: OwnWheel
    wheels: dict[Target, list[Wheel]]
    missing: list[Wheel]

    @property
    def files(self) -> list[Wheel]:
        """Every wheel once."""
        return [*{wheel.name: wheel for each in self.wheels.values() for wheel in each}.values()]

    @property
    def size(self) -> int:
        """The bytes of all wheels."""
        return sum(each.size for each in self.files)

    @property
    def missing_size(self) -> int:
        """The bytes that are to be downloaded."""
        return sum(each.size for each in self.missing)

    def size_for(self, target: Target) -> int:
        """Return the bytes of the wheels that one target needs."""
        return sum(each.size for each in self.wheels[target])


@dataclass(frozen=True)
class Kit:
    """A finished kit: its folder, and the paths of its files."""

    folder: Path
    names: list[str]

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        return self._size(self.names)

    def size_for_one(self, plan: "Plan") -> int:
        """Return the bytes that one laptop needs: of the target with the most."""
        shared = [each for each in self.names if not each.startswith(f"{WHEELS}/")]
        return max(map(plan.size_for, plan.wheels)) + self._size(shared)

    def _size(self, names: Sequence[str]) -> int:
        return sum((self.folder / name).stat().st_size for name in names)


def plan_kit(
    folder: Path,
    targets: Sequence[Target],
    notify: Notify = print_to_stderr,
    torch_index: str | None = None,
) -> Plan:
    """Return which wheels those targets need, and which the folder lacks; download nothing.

    Raises `KitError` if the folder holds something else, a wheel does not exist, or the disk has
    too little room.
    """
    _check_folder(folder)
    resolver = Resolver(notify, torch_index or CPU_INDEX)
    own = own_wheel()
    found = {each: resolver.resolve(_roots(own, each), each) for each in targets}
    every = {wheel.name: wheel for wheels in found.values() for wheel in wheels}
    sized = {each.name: each for each in with_sizes([*every.values()])}
    wheels = {each: [sized[wheel.name] for wheel in found[each]] for each in targets}
    missing = [
        each for each in sized.values() if sha256_of(folder / WHEELS / each.name) != each.sha256
    ]
    plan = Plan(folder, own, wheels, missing)
    _check_room(plan)
    return plan


def _roots(own: OwnWheel, target: Target) -> list[Requirement]:
    """Return what cnnlab requires on a target, with what makes it fast, and pip."""
    return [*needed_of(own.requires, target, frozenset({"fast"})), Requirement(INSTALLER)]


def _check_folder(folder: Path) -> None:
    """Raise `KitError` if a folder holds files that are not a kit's."""
    readme = folder / "README.txt"
    with disk_faults(folder):
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
        is_kit = readme.is_file() and readme.read_text(encoding="utf-8").startswith(FIRST_LINE)
    if not is_kit:
        raise KitError(
            f"{folder} holds other files. Name a new or empty folder, or the folder of an earlier "
            "kit, with --output."
        )


def _check_room(plan: Plan) -> None:
    """Raise `KitError` if the disk has too little room for what is missing."""
    existing = next(
        each for each in (plan.folder, *plan.folder.absolute().parents) if each.exists()
    )
    free, needed = shutil.disk_usage(existing).free, plan.missing_size + _DATA_ROOM
    if free < needed:
        raise KitError(
            f"The disk of {plan.folder} has too little room: {free / 1e6:,.0f} MB are free, the "
            f"kit needs {needed / 1e6:,.0f} MB more. Name a folder on another disk with --output, "
            "or fewer --systems or --python."
        )


def make_kit(
    plan: Plan,
    notify: Notify = print_to_stderr,
    progress: Progress | None = None,
    data_dir: Path | None = None,
) -> Kit:
    """Make the planned kit; return it. What is there already and whole stays.

    Raises `KitError` if the folder cannot be written or a download fails.
    """
    folder, targets = plan.folder, [*plan.wheels]
    with disk_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        readmes = readme_files(targets, plan.own.version, _contents(plan))
        for name, content in readmes.items():  # first, so that a second call knows the folder
            write_file(folder / name, content)
        for wheel in plan.missing:
            fetch_wheel(wheel, folder / WHEELS, progress)
        own = f"{WHEELS}/{plan.own.name}"
        write_file(folder / own, plan.own.content)
        names = [*readmes, own, *(f"{WHEELS}/{each.name}" for each in plan.files)]
        data = contents.put_data(folder, data_dir, notify)
        names += [*data, *contents.put_pages(folder, data_dir, notify)]
        for name, path in contents.materials().items():
            write_file(folder / name, path.read_bytes())
            names.append(name)
        starts = start_files(targets)
        for name, content in starts.items():
            write_file(folder / name, content)
            with suppress(OSError):  # a stick may have no such rights: then sh start.sh works
                (folder / name).chmod(0o755)
        installer = Path(__file__).parent / "install.py"
        about = {
            "cnnlab": plan.own.version,
            "targets": _by_system(plan, own),
            "data": data,
            "also": [*starts, contents.PAGE],
        }
        write_file(folder / "setup" / "install.py", installer.read_bytes())
        write_file(folder / ABOUT, (json.dumps(about, indent=1) + "\n").encode())
        names += [*starts, "setup/install.py", ABOUT]
        write_sums(folder, names)
    _tell_leftovers(folder, names, notify)
    return Kit(folder, names)


def _by_system(plan: Plan, own: str) -> dict[str, dict[str, list[str]]]:
    """Return the paths of the wheels by system and version of Python."""
    found: dict[str, dict[str, list[str]]] = {}
    for target, wheels in plan.wheels.items():
        names = [own, *(f"{WHEELS}/{each.name}" for each in wheels)]
        found.setdefault(target.system.name, {})[target.python] = names
    return found


def _contents(plan: Plan) -> str:
    lines = ["For:"]
    for target in plan.wheels:
        lines.append(f"- {target}: {plan.size_for(target) / 1e6:,.0f} MB of packages")
    return "\n".join(lines)


def _tell_leftovers(folder: Path, names: list[str], notify: Notify) -> None:
    """Say which wheels of an earlier kit nobody needs any more."""
    left = [
        each for each in (folder / WHEELS).glob("*.whl") if f"{WHEELS}/{each.name}" not in names
    ]
    if left:
        size = sum(each.stat().st_size for each in left) / 1e6
        notify(
            f"{len(left)} wheels of an earlier kit ({size:,.0f} MB) are still in "
            f"{folder / WHEELS}. No laptop of this kit needs them: you can delete them."
        )
