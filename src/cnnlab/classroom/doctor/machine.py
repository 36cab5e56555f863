"""What only the operating system knows: memory, power, long paths, the browser, the network.

Each question is one method, so that a test can answer it as Windows or macOS would. None means:
this system does not say.
"""

import ctypes
import getpass
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_SECONDS = 3.0
_SUPPLIES = Path("/sys/class/power_supply")
_MEMINFO = Path("/proc/meminfo")
_CPUINFO = Path("/proc/cpuinfo")


class Machine:
    """This computer. ``folder`` is where the user works; ``python`` is the running interpreter."""

    def __init__(self, folder: Path | None = None) -> None:
        self.system = platform.system()
        self.processor = platform.machine()
        self.python = sys.version_info[:3]
        self.bits = 64 if sys.maxsize > 2**32 else 32
        self.folder = folder or Path.cwd()
        self.environment: dict[str, str] = dict(os.environ)

    def free_memory(self) -> int | None:
        """Return the bytes of memory that a new program can use."""
        if self.system == "Windows":
            return _windows_memory()
        if self.system == "Darwin":
            return mac_memory(_output("vm_stat"))
        found = re.search(r"MemAvailable:\s+(\d+) kB", _read(_MEMINFO))
        return int(found[1]) * 1024 if found else None

    def free_disk(self) -> int:
        """Return the free bytes on the disk of the folder."""
        return shutil.disk_usage(self.folder).free

    def write_error(self) -> str:
        """Return why nothing can be written into the folder, or nothing."""
        try:
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".cnnlab-") as file:
                file.write(b"cnnlab")
        except OSError as error:
            return error.strerror or type(error).__name__
        return ""

    def is_on_battery(self) -> bool | None:
        """Return whether the laptop runs on its battery; None for a computer without one."""
        if self.system == "Windows":
            return _windows_battery()
        if self.system == "Darwin":
            return mac_battery(_output("pmset", "-g", "batt"))
        states = {_read(each / "status").strip() for each in _supplies("Battery")}
        return "Discharging" in states if states else None

    def allows_long_paths(self) -> bool:
        """Return whether a path may have more than 260 letters."""
        key = r"SYSTEM\CurrentControlSet\Control\FileSystem"
        return self.system != "Windows" or bool(
            _registry("HKEY_LOCAL_MACHINE", key, "LongPathsEnabled")
        )

    def processor_features(self) -> set[str]:
        """Return the vector instructions that this processor has; empty if it does not say."""
        if self.system == "Linux":
            found = re.search(r"^(?:flags|Features)\s*:(.*)$", _read(_CPUINFO), re.M)
            return set(found[1].split()) if found else set()
        if self.system == "Darwin":
            return {"asimd"} if self.processor == "arm64" else set()
        return _windows_features()

    def browser(self) -> str:
        """Return the name of the default browser, as the system calls it; or nothing."""
        if self.system == "Windows":
            key = r"Software\Microsoft\Windows\Shell\Associations\UrlAssociations\http\UserChoice"
            return _registry("HKEY_CURRENT_USER", key, "ProgId") or ""
        if self.system == "Darwin":
            return "Safari, or the one that you chose"
        desktop = _output("xdg-settings", "get", "default-web-browser").strip()
        if desktop:
            return desktop.removesuffix(".desktop")
        names = ("firefox", "google-chrome", "chromium", "chromium-browser", "brave-browser")
        return next((each for each in names if shutil.which(each)), "")

    def address(self) -> str:
        """Return this computer's address in the local network, or nothing. It sends nothing."""
        found = list[str]()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, suppress(OSError):
            asking.connect(("192.0.2.1", 9))  # reserved for examples: only chooses the card
            found.append(str(asking.getsockname()[0]))
        with suppress(OSError):  # a hot-spot without internet has no way out
            found += socket.gethostbyname_ex(socket.gethostname())[2]
        return next((each for each in found if not each.startswith(("127.", "0."))), "")

    def is_network_public(self) -> bool | None:
        """Return whether Windows calls a network public, and so refuses other computers."""
        if self.system != "Windows":
            return None
        command = "(Get-NetConnectionProfile).NetworkCategory"
        found = _output("powershell", "-NoProfile", "-Command", command)
        return "Public" in found if found else None

    def now(self) -> float:
        """Return the seconds since 1970, by this computer's clock."""
        return time.time()

    def private_words(self) -> list[str]:
        """Return the words that name this user or computer."""
        try:
            user = getpass.getuser()
        except (OSError, KeyError):  # a user without a name
            user = ""
        return [each for each in (str(Path.home()), user, socket.gethostname()) if each]


def mac_memory(text: str) -> int | None:
    """Return the free bytes that macOS's ``vm_stat`` tells."""
    size = re.search(r"page size of (\d+) bytes", text)
    pages = re.findall(r"^Pages (?:free|inactive|speculative|purgeable):\s+(\d+)", text, re.M)
    return int(size[1]) * sum(map(int, pages)) if size and pages else None


def mac_battery(text: str) -> bool | None:
    """Return whether macOS's ``pmset -g batt`` tells of battery power; None without a battery."""
    return "'Battery Power'" in text if "InternalBattery" in text else None


def _supplies(kind: str) -> list[Path]:
    folders = [*_SUPPLIES.iterdir()] if _SUPPLIES.is_dir() else []
    return [each for each in folders if _read(each / "type").strip() == kind]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _output(*command: str) -> str:
    """Return what a program prints; nothing if it is missing, fails or takes too long."""
    program = shutil.which(command[0])
    if program is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands
            [program, *command[1:]],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


class _MemoryStatus(ctypes.Structure):
    """Windows's MEMORYSTATUSEX."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        *((name, ctypes.c_uint64) for name in ("total", "available", "page_total", "page")),
        *((name, ctypes.c_uint64) for name in ("virtual_total", "virtual", "extended")),
    )


class _PowerStatus(ctypes.Structure):
    """Windows's SYSTEM_POWER_STATUS."""

    _fields_ = (
        *((name, ctypes.c_uint8) for name in ("mains", "battery", "percent", "saver")),
        *((name, ctypes.c_uint32) for name in ("seconds", "full_seconds")),
    )


def _kernel32() -> Any:
    return getattr(ctypes, "windll").kernel32  # noqa: B009 - other systems have none


def _windows_memory() -> int | None:
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    is_known = _kernel32().GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.available) if is_known else None


def _windows_battery() -> bool | None:
    status = _PowerStatus()
    if not _kernel32().GetSystemPowerStatus(ctypes.byref(status)):
        return None
    has_battery = status.battery != 128
    return bool(status.mains == 0) if has_battery else None


def _windows_features() -> set[str]:
    codes = {"avx": 39, "avx2": 40, "avx512f": 41}
    asks = _kernel32().IsProcessorFeaturePresent
    return {name for name, code in codes.items() if asks(code)}


def _registry(tree: str, key: str, name: str) -> Any:
    """Return a value of Windows' registry, or None."""
    import winreg  # only Windows has it

    registry: Any = winreg
    try:
        with registry.OpenKey(getattr(registry, tree), key) as opened:
            return registry.QueryValueEx(opened, name)[0]
    except OSError:
        return None
