"""The systems and versions of Python that a kit can be for, as pip and markers call them."""

import platform
import sys
from dataclasses import dataclass, field
from typing import Any

from packaging.markers import Marker

from cnnlab.errors import ConfigError

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_NEWEST_PATCH = 99


@dataclass(frozen=True)
class System:
    """An operating system on a kind of processor. ``platforms`` are pip's, ``markers`` PEP 508's.

    ``title`` is what a person calls it.
    """

    name: str
    title: str
    platforms: tuple[str, ...]
    markers: dict[str, str] = field(hash=False)


def _many_linux(machine: str) -> tuple[str, ...]:
    versions = [f"manylinux_2_{minor}_{machine}" for minor in range(28, 16, -1)]
    return (*versions, f"manylinux2014_{machine}")


def _markers(os_name: str, sys_platform: str, system: str, machine: str) -> dict[str, str]:
    return {
        "os_name": os_name,
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": machine,
    }


SYSTEMS: dict[str, System] = {
    each.name: each
    for each in (
        System(
            "windows-x64",
            "Windows 10 or newer, 64 bit",
            ("win_amd64",),
            _markers("nt", "win32", "Windows", "AMD64"),
        ),
        System(
            "macos-arm64",
            "macOS 14 or newer, on a Mac with an Apple processor",
            ("macosx_14_0_arm64",),
            _markers("posix", "darwin", "Darwin", "arm64"),
        ),
        System(
            "linux-x64",
            "Linux, 64 bit (glibc 2.28 or newer)",
            _many_linux("x86_64"),
            _markers("posix", "linux", "Linux", "x86_64"),
        ),
        System(
            "linux-arm64",
            "Linux on ARM, 64 bit (glibc 2.28 or newer)",
            _many_linux("aarch64"),
            _markers("posix", "linux", "Linux", "aarch64"),
        ),
    )
}


@dataclass(frozen=True)
class Target:
    """One kind of laptop: its system, and its version of Python, as "3.12"."""

    system: System
    python: str

    def __str__(self) -> str:
        return f"{self.system.name}, Python {self.python}"

    def accepts(self, marker: Marker | None, extras: frozenset[str] = frozenset()) -> bool:
        """Return whether a requirement with that marker is needed here, whatever this machine is.

        The patch version of Python is not known. So a marker counts if it holds for the first or
        the last one.
        """
        if marker is None:
            return True
        return any(
            marker.evaluate(self._environment(patch) | {"extra": extra})
            for patch in (0, _NEWEST_PATCH)
            for extra in (extras or {""})
        )

    def _environment(self, patch: int) -> dict[str, Any]:
        full = f"{self.python}.{patch}"
        return {
            **self.system.markers,
            "python_version": self.python,
            "python_full_version": full,
            "implementation_version": full,
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_version": "",
        }


def this_system() -> str:
    """Return the name of this machine's own system; raise `ConfigError` if no kit is for it."""
    key = (platform.system(), platform.machine())
    for each in SYSTEMS.values():
        if key == (each.markers["platform_system"], each.markers["platform_machine"]):
            return each.name
    raise ConfigError(
        f"There is no kit for this system ({' '.join(key)}). Say which systems the laptops have: "
        f"--systems {' '.join(SYSTEMS)}"
    )


def this_python() -> str:
    """Return this machine's version of Python, as "3.12"."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def targets(systems: list[str] | None, pythons: list[str] | None) -> list[Target]:
    """Return every pair of a system and a version of Python; those of this machine by default.

    Raises `ConfigError`, which lists what there is, for an unknown one.
    """
    for name in systems or ():
        if name not in SYSTEMS:
            raise ConfigError(_unknown_system(name))
    for python in pythons or ():
        if python not in PYTHONS:
            raise ConfigError(
                f"There is no kit for Python {python}. There is one for {', '.join(PYTHONS)}. "
                "Install one of these on the laptops, or choose another one here."
            )
    return [
        Target(SYSTEMS[name], python)
        for name in dict.fromkeys(systems or [this_system()])
        for python in dict.fromkeys(pythons or [this_python()])
    ]


def _unknown_system(name: str) -> str:
    if name in {"macos-x64", "macos-intel", "mac-intel"}:
        return (
            "There is no kit for Macs with an Intel processor: PyTorch 2.6 and newer have no wheel "
            "for them. Let these students use the page in the folder pages, or Google Colab."
        )
    return f"There is no system {name!r}. There are: {', '.join(SYSTEMS)}."
