"""Checks of the laptop itself: Python, memory, disk, folder, clock, power, terminal."""

import shutil
import sys
from datetime import date, datetime
from pathlib import PureWindowsPath

from cnnlab.classroom.doctor.check import Check
from cnnlab.classroom.doctor.machine import Machine

OLDEST_PYTHON = (3, 11)
LEAST_MEMORY, LEAST_DISK = 1_000_000_000, 500_000_000
LEAST_WIDTH = 80
LONGEST_PATH = 260
"""Letters of a path on Windows, unless it allows more."""
_INSIDE_RUN = 100  # letters of the longest name below the folder that a user works in
_RELEASE = date(2026, 1, 1)  # cnnlab is younger


def python(machine: Machine) -> Check:
    """Check the version of Python, and that it has 64 bits."""
    version = ".".join(map(str, machine.python))
    found = f"{version}, {machine.bits} bit"
    install = "Install Python 3.12, 64 bit, from python.org. Then install cnnlab again."
    if machine.python[:2] < OLDEST_PYTHON:
        return Check("Python", "fix", f"{found}; cnnlab needs 3.11 or newer", install)
    if machine.bits != 64:
        return Check("Python", "fix", f"{found}; PyTorch needs 64 bit", install)
    return Check("Python", "ok", found)


def processor_kind(machine: Machine) -> Check:
    """Check that PyTorch exists for this processor: it does not for Intel Macs."""
    found = f"{machine.system}, {machine.processor}"
    if machine.system == "Darwin" and machine.processor == "x86_64":
        return Check(
            "System",
            "fix",
            f"{found}: there is no PyTorch 2.6 or newer for Macs with an Intel processor",
            "Open the one-file page of a trained network in the browser, or use Google Colab. On a "
            "Mac with an Apple processor, install Python for Apple silicon.",
        )
    return Check("System", "ok", found)


def memory(machine: Machine) -> Check:
    """Check that a run has enough memory."""
    free = machine.free_memory()
    if free is None:
        return Check("Memory", "ok", "this system does not say how much is free")
    found = f"{free / 1e9:.1f} GB free"
    if free < LEAST_MEMORY:
        do = "Close other programs, first the browser's tabs. Then run the doctor again."
        return Check("Memory", "fix", f"{found}; expected 1 GB or more", do)
    return Check("Memory", "ok", found)


def disk(machine: Machine) -> Check:
    """Check that the disk has room for runs and data."""
    free = machine.free_disk()
    found = f"{free / 1e9:.1f} GB free"
    if free < LEAST_DISK:
        do = "Delete what you do not need: empty the bin and the Downloads folder."
        return Check("Disk", "fix", f"{found}; expected 0.5 GB or more", do)
    return Check("Disk", "ok", found)


def folder(machine: Machine) -> Check:
    """Check that runs can be written here, and that nothing disturbs the folder."""
    where, error = str(machine.folder), machine.write_error()
    if error:
        do = "Change to a folder of your own, such as your Documents folder: cd FOLDER"
        return Check("Folder", "fix", f"nothing can be written here ({error})", do, where)
    is_windows = machine.system == "Windows"
    parts = PureWindowsPath(where).parts if is_windows else machine.folder.parts
    if any(part.lower().startswith("onedrive") for part in parts):
        do = "Work in a folder outside OneDrive, such as C:\\cnnlab: it locks files to copy them."
        return Check("Folder", "warn", "OneDrive copies this folder to the internet", do, where)
    if len(where) + _INSIDE_RUN > LONGEST_PATH and not machine.allows_long_paths():
        do = f"Work in a folder with a short name, such as {'C:' + chr(92)}cnnlab."
        found = f"the path has {len(where)} letters; Windows allows {LONGEST_PATH} in all"
        return Check("Folder", "warn", found, do, where)
    return Check("Folder", "ok", "runs can be written here", where=where)


def clock(machine: Machine) -> Check:
    """Check the date: with a wrong one no download works, and runs are in the wrong order."""
    today = datetime.fromtimestamp(machine.now()).astimezone()
    found = today.strftime("%Y-%m-%d %H:%M")
    if today.date() < _RELEASE:
        do = "Set the date and the time: with a wrong date downloads fail."
        return Check("Clock", "fix", f"{found}; cnnlab is younger than that", do)
    return Check("Clock", "ok", found)


def power(machine: Machine) -> Check:
    """Check whether the laptop runs on its battery: many are slower then."""
    on_battery = machine.is_on_battery()
    if on_battery:
        do = "Plug in the charger: many laptops are slower on the battery."
        return Check("Power", "warn", "on the battery", do)
    return Check("Power", "ok", "no battery found" if on_battery is None else "plugged in")


def terminal(_: Machine) -> Check:
    """Check that the terminal shows every letter, and is wide enough for tables."""
    encoding = (getattr(sys.stdout, "encoding", None) or "unknown").lower()
    width = shutil.get_terminal_size().columns
    found = f"{encoding}, {width} letters wide"
    if encoding.replace("-", "") != "utf8":
        do = "cnnlab prints ? for letters that the terminal lacks. On Windows: chcp 65001"
        return Check("Terminal", "warn", found, do)
    if width < LEAST_WIDTH:
        return Check("Terminal", "warn", found, "Make the window wider: tables need 80 letters.")
    return Check("Terminal", "ok", found)
