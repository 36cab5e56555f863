"""Which wheels a kind of laptop needs, asked of the indexes that pip knows.

pip chooses a wheel for any system, but judges a requirement's marker ("only on Linux") by the
machine that it runs on. So pip is asked for each package alone (``--no-deps``, as a dry run: it
reads metadata, and downloads no wheel), and the markers are judged here, for the target.
"""

import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from cnnlab.classroom.kit.target import Target
from cnnlab.classroom.versions import constraints, tested_versions
from cnnlab.errors import CnnlabError
from cnnlab.notices import Notify

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
"""Where Linux gets a PyTorch for the CPU. PyPI's own one for Linux brings 3 GB for CUDA."""
INSTALLER = "pip>=25.1"
"""The kit brings its pip: some systems have none, and an old one does not know new wheels."""
_TIMEOUT = 30.0


class KitError(CnnlabError):
    """A kit cannot be made here, or it is damaged."""


@dataclass(frozen=True)
class Wheel:
    """One wheel file: where it comes from, its SHA-256, and its size in bytes if that is known."""

    package: str
    version: str
    url: str
    sha256: str
    requires: tuple[str, ...] = field(default=(), repr=False)
    size: int = 0

    @property
    def name(self) -> str:
        """The name of the file."""
        return unquote(urlsplit(self.url).path.rsplit("/", 1)[-1])


@dataclass
class Need:
    """What the packages so far want of one package."""

    specifier: SpecifierSet
    extras: frozenset[str] = frozenset()


class Resolver:
    """Finds the wheels of each target. It remembers what it found for the target before."""

    def __init__(self, notify: Notify, torch_index: str) -> None:
        self.notify = notify
        self.torch_index = torch_index
        self.names: set[str] = set()
        """The packages of the targets so far: most are needed for the next one too."""

    def resolve(self, roots: Sequence[Requirement], target: Target) -> list[Wheel]:
        """Return the wheels that those requirements need on the target, sorted by name.

        Raises `KitError`, in pip's words, if a wheel does not exist.
        """
        self.notify(f"Asking which wheels {target} needs ...")
        found: dict[str, Wheel] = {}
        while True:
            needs = _needs(roots, found, target)
            open_ones = {
                name: need
                for name, need in needs.items()
                if name not in found
                or not need.specifier.contains(found[name].version, prereleases=True)
            }
            if not open_ones:
                break
            guessed = {name: Need(SpecifierSet()) for name in self.names - {*found, *needs}}
            found |= self._ask(open_ones | guessed, target)
        self.names |= needs.keys()
        return sorted((found[name] for name in needs), key=lambda each: each.name.lower())

    def _ask(self, needs: dict[str, Need], target: Target) -> dict[str, Wheel]:
        """Return a wheel for each package, by name. PyTorch for Linux comes from its own index."""
        is_linux = target.system.markers["sys_platform"] == "linux"
        own = {"torch"} & needs.keys() if is_linux else set[str]()
        found = _report({n: each for n, each in needs.items() if n not in own}, target, ())
        if own:
            index = ("--extra-index-url", self.torch_index, "--retries", "1")
            torch = _report({"torch": needs["torch"]}, target, index)
            version = torch["torch"].version
            if not version.endswith("+cpu"):
                raise KitError(
                    f"There is no CPU build of PyTorch {version} for {target} where pip looked. "
                    "The usual build for Linux needs 3 GB more, for CUDA. cnnlab asked "
                    f"{self.torch_index}. Check the internet connection, choose another --python, "
                    "or name another index with --torch-index."
                )
            found |= torch
        return found


def _needs(
    roots: Sequence[Requirement], found: dict[str, Wheel], target: Target
) -> dict[str, Need]:
    """Return what is needed so far: the roots, and what the wheels found for them require."""
    needs: dict[str, Need] = {}
    waiting = [*roots]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        need = needs.setdefault(name, Need(SpecifierSet()))
        need.specifier &= requirement.specifier
        need.extras |= frozenset(requirement.extras)
        if (name, need.extras) in done or name not in found:
            continue
        done.add((name, need.extras))
        waiting += needed_of(found[name].requires, target, need.extras)
    return needs


def needed_of(
    requires: Iterable[str], target: Target, extras: frozenset[str] = frozenset()
) -> list[Requirement]:
    """Return those requirements whose markers hold on the target, for those extras."""
    all_ones = [Requirement(each) for each in requires]
    return [each for each in all_ones if target.accepts(each.marker, extras | {""})]


def _report(needs: dict[str, Need], target: Target, more: Sequence[str]) -> dict[str, Wheel]:
    """Ask pip for one wheel of each package, without what it requires."""
    if not needs:
        return {}
    tested = tested_versions()
    wanted = [f"{name}{need.specifier}" for name, need in sorted(needs.items())]
    with tempfile.TemporaryDirectory(prefix="cnnlab-kit-") as name:
        folder = Path(name)
        limits = folder / "constraints.txt"
        limits.write_text(constraints(), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-deps"),
            *("--ignore-installed", "--only-binary=:all:", "--disable-pip-version-check"),
            *("--no-input", "--implementation", "cp", "--python-version", target.python),
            *(word for each in target.system.platforms for word in ("--platform", each)),
            *("--target", str(folder / "nothing"), "--report", str(folder / "report.json")),
            *("--constraint", str(limits), *more, *wanted),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise KitError(_pip_fault(done.stderr, target))
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    wheels = [_wheel(each) for each in report["install"]]
    found: dict[str, Wheel] = {canonicalize_name(each.package): each for each in wheels}
    for each, wheel in found.items():
        if each in tested and wheel.version.partition("+")[0] != tested[each]:
            raise KitError(
                f"pip found {each} {wheel.version}; cnnlab is tested with {tested[each]}. Look "
                "for another constraint in pip's settings: pip config list"
            )
    return found


def _wheel(item: dict[str, Any]) -> Wheel:
    metadata, source = item["metadata"], item["download_info"]
    return Wheel(
        metadata["name"],
        metadata["version"],
        source["url"],
        source["archive_info"]["hashes"]["sha256"],
        tuple(metadata.get("requires_dist", ())),
    )


def _pip_fault(text: str, target: Target) -> str:
    """Return what pip could not do, in its own words, and what to do."""
    if "No module named pip" in text:
        return (
            "cnnlab kit asks pip for the wheels, and this Python has no pip. Install it:\n"
            "  python -m ensurepip --upgrade"
        )
    return (
        f"pip found no wheels for {target}: {pip_words(text)}\nCheck the internet connection. "
        "If it works, leave out this system or this version of Python: not every package has "
        "a wheel for it."
    )


def pip_words(text: str) -> str:
    """Return the errors in what pip printed."""
    lines = [line.removeprefix("ERROR: ") for line in text.splitlines() if "ERROR" in line]
    return " ".join(lines) or text.strip()[-400:]


def with_sizes(wheels: Sequence[Wheel]) -> list[Wheel]:
    """Return the wheels with their sizes, asked of their servers without downloading them."""

    def sized(wheel: Wheel) -> Wheel:
        if urlsplit(wheel.url).scheme == "file":
            path = urllib.request.url2pathname(urlsplit(wheel.url).path)
            return replace(wheel, size=Path(path).stat().st_size)
        request = urllib.request.Request(wheel.url, method="HEAD")  # noqa: S310 - of pip's report
        request.add_header("User-Agent", "cnnlab")
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
                length = answer.headers.get("Content-Length") or "0"
        except (OSError, urllib.error.URLError) as error:
            raise KitError(
                f"{wheel.url} cannot be reached ({error}). Check the internet connection, and run "
                "the same command again: it downloads only what is missing."
            ) from None
        return replace(wheel, size=int(length) if length.isdigit() else 0)

    with ThreadPoolExecutor(8) as pool:
        return [*pool.map(sized, wheels)]
