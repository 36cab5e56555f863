"""Install cnnlab from the kit. This needs no internet, and nothing but Python.

python install.py                 verify what this laptop needs, install it, run the doctor
python install.py verify          verify every file of the kit
python install.py http://ADDRESS  get the kit from the leader's laptop first (cnnlab kit --serve)

This file is copied into the kit as setup/install.py, and runs before cnnlab is there: on Python's
standard library alone, also of older versions, to say which one is needed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any, NoReturn

SUMS = "SHA256SUMS"
ABOUT = "setup/kit.json"
HOME = Path.home() / "cnnlab-workshop"
_ROOM = 200_000_000
_ATTEMPTS = 5
_SECONDS = 30
_CHUNK = 1 << 20


def stop(*lines: str) -> NoReturn:
    """End with a message that says what happened and what to do."""
    sys.stderr.write("\n" + "\n".join(lines) + "\n")
    sys.exit(1)


def say(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def read_sums(root: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of the kit, by its path."""
    try:
        lines = (root / SUMS).read_text(encoding="utf-8").splitlines()
    except OSError:
        stop(
            f"The file {SUMS} is not in {root}.",
            "The kit is not complete. Copy the whole folder from the leader again.",
        )
    return {line[66:]: line[:64] for line in lines if len(line) > 66}


def fault_of(path: Path, expected: str) -> str:
    """Return what is wrong with a file, or nothing."""
    hashed = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for chunk in iter(lambda: file.read(_CHUNK), b""):
                hashed.update(chunk)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    found = hashed.hexdigest()
    if found == expected:
        return ""
    return f"is damaged: expected SHA-256 {expected}, found {found}"


def verify(root: Path, names: list[str]) -> None:
    """Stop, and name each damaged file, unless all of them are as the leader made them."""
    sums = read_sums(root)
    faults = [(name, fault_of(root / name, sums.get(name, "none"))) for name in names]
    lines = [f"  {name} {fault}" for name, fault in faults if fault]
    if lines:
        stop(
            "The kit has damaged or missing files. Nothing was installed.",
            *lines,
            "Copy these files from the leader's kit again. Then start again.",
        )
    say(f"Verified: {len(names)} files are as the leader made them.")


def this_system() -> str:
    """Return the name of this laptop's system as the kit calls it."""
    machine = platform.machine().lower()
    kinds = {"Windows": "windows", "Darwin": "macos", "Linux": "linux"}
    processors = {"amd64": "x64", "x86_64": "x64", "arm64": "arm64", "aarch64": "arm64"}
    return f"{kinds.get(platform.system(), platform.system())}-{processors.get(machine, machine)}"


def choose(about: dict[str, Any]) -> list[str]:
    """Return the files that this laptop needs; stop if the kit has none for it."""
    system, python = this_system(), "{}.{}".format(*sys.version_info[:2])
    if system == "macos-x64":
        stop(
            "This is a Mac with an Intel processor. PyTorch no longer supports it.",
            "Open a file in the folder pages with your browser: it shows a trained network.",
        )
    pythons = about["targets"].get(system)
    if pythons is None:
        stop(
            f"This kit has nothing for this system ({system}).",
            "It is for: {}. Ask the leader.".format(", ".join(sorted(about["targets"]))),
        )
    if python not in pythons or sys.maxsize < 2**32:
        bits = "" if sys.maxsize > 2**32 else " with 32 bit"
        stop(
            "This Python is {}{}. This kit needs Python {}, 64 bit.".format(
                python, bits, " or ".join(sorted(pythons))
            ),
            "Install that version: its installer may be in the kit's folder python,",
            "or get it from https://www.python.org/downloads/. Then start again.",
        )
    return list(pythons[python])


def check_room(root: Path, wheels: list[str]) -> None:
    """Stop if the disk has too little room."""
    needed = _ROOM
    for name in wheels:
        with zipfile.ZipFile(str(root / name)) as archive:
            needed += sum(each.file_size for each in archive.infolist())
    free = shutil.disk_usage(str(HOME.parent)).free
    if free < needed:
        stop(
            f"The disk is too full: {needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free.",
            "Empty the bin, or delete what you do not need. Then start again.",
        )


def make_environment(root: Path, wheels: list[str]) -> Path:
    """Install the wheels into .venv in HOME; return its Python."""
    venv = HOME / ".venv"
    program = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # Without pip: some systems do not have it. The kit's own pip is a wheel, and runs from it.
    made = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "venv", "--clear", "--without-pip", str(venv)], check=False
    )
    if made.returncode:
        stop(
            f"Python could not make an environment in {venv}.",
            "On Debian and Ubuntu, install the package python3-venv. Else show this to the leader.",
        )
    (pip,) = [name for name in wheels if name.startswith("wheels/pip-")]
    command = [
        *(str(program), str(root / pip / "pip"), "install", "--quiet", "--no-index", "--no-deps"),
        *("--no-compile", "--no-cache-dir", "--disable-pip-version-check", "--no-input"),
        *(str(root / name) for name in wheels),
    ]
    say(f"Installing {len(wheels)} packages. This takes a minute or two.")
    if subprocess.run(command, check=False).returncode:  # noqa: S603
        stop(
            "The packages could not be installed: read the lines above.",
            "Start again. If it fails again, show these lines to the leader.",
        )
    # The first import translates PyTorch's files for seconds: not while the doctor measures.
    subprocess.run([str(program), "-c", "import torch"], check=False)  # noqa: S603
    checked = subprocess.run(  # noqa: S603
        [str(program), str(root / pip / "pip"), "--disable-pip-version-check", "check"],
        stdout=subprocess.PIPE,
        check=False,
    )
    if checked.returncode:
        stop(
            "The kit lacks packages. The leader must make it again:",
            checked.stdout.decode("utf-8", "replace"),
        )
    return program


def copy_data(root: Path, program: Path, names: list[str]) -> None:
    """Copy the images to where cnnlab looks for them."""
    if not names:
        return
    question = "from cnnlab.data.places import cache_root; print(cache_root())"
    answer = subprocess.run(  # noqa: S603
        [str(program), "-X", "utf8", "-c", question], stdout=subprocess.PIPE, check=True
    )
    target = Path(answer.stdout.decode("utf-8").strip())
    for name in names:
        copied = target / Path(name).relative_to("data")
        copied.parent.mkdir(parents=True, exist_ok=True)
        part = copied.with_name(copied.name + ".part")
        shutil.copyfile(str(root / name), str(part))
        part.replace(copied)


def install(root: Path) -> None:
    """Verify what this laptop needs, install it unless that is done already, run the doctor."""
    about = json.loads((root / ABOUT).read_text(encoding="utf-8"))
    wheels = choose(about)
    program = HOME / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    mark = HOME / "installed.txt"
    kit = hashlib.sha256((root / SUMS).read_bytes()).hexdigest()
    if program.exists() and mark.exists() and mark.read_text(encoding="utf-8") == kit:
        say(f"cnnlab is installed already, in {HOME}.")
        return
    start = time.time()
    say("Verifying the kit ...")
    verify(root, [*wheels, *about["data"]])
    try:
        check_room(root, wheels)
        HOME.mkdir(parents=True, exist_ok=True)
        if mark.exists():
            mark.unlink()
        program = make_environment(root, wheels)
        copy_data(root, program, about["data"])
        mark.write_text(kit, encoding="utf-8")
    except OSError as error:
        stop(
            f"cnnlab could not be installed in {HOME} ({error.strerror or error}).",
            "Check that the disk has room and that you may write there. Then start again.",
        )
    say(f"Installed in {time.time() - start:.0f} s. Now the doctor checks this laptop ...")
    subprocess.run([str(program), "-m", "cnnlab", "doctor"], check=False, cwd=str(HOME))  # noqa: S603


def get(address: str, name: str, root: Path, expected: str) -> None:
    """Download one file of the kit; resume what is there already; check it if a sum is known."""
    path, part = root / name, root / (name + ".part")
    if expected and not fault_of(path, expected):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fault = ""
    for attempt in range(_ATTEMPTS):
        time.sleep(attempt)
        have = part.stat().st_size if part.exists() and expected else 0
        request = urllib.request.Request(f"{address}/{name}")  # noqa: S310
        if have:
            request.add_header("Range", f"bytes={have}-")
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                mode = "ab" if have and answer.status == 206 else "wb"
                with part.open(mode) as out:
                    shutil.copyfileobj(answer, out, _CHUNK)
        except urllib.error.HTTPError as error:
            fault = str(error)
            if error.code == 416 and part.exists():
                part.unlink()  # the file is shorter than what is here
            continue
        except OSError as error:
            fault = str(error)
            continue
        fault = fault_of(part, expected) if expected else ""
        if not fault:
            part.replace(path)
            if path.name.startswith("start."):
                path.chmod(0o755)
            return
        part.unlink()
    stop(
        f"{name} could not be downloaded from {address}: {fault}.",
        "Check that you are in the same Wi-Fi as the leader. Then run the same command again:",
        "it downloads only what is missing.",
    )


def download(address: str) -> Path:
    """Get from the leader's laptop what this laptop needs; return the folder of the kit."""
    root = HOME / "kit"
    get(address, SUMS, root, "")
    sums = read_sums(root)
    get(address, ABOUT, root, sums.get(ABOUT, ""))
    about = json.loads((root / ABOUT).read_text(encoding="utf-8"))
    names = [*choose(about), *about["data"], "setup/install.py", *about["also"]]
    for number, name in enumerate(names, start=1):
        say(f"{number}/{len(names)} {name}")
        get(address, name, root, sums.get(name, ""))
    return root


def main() -> None:
    """Do what the command line asks for."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may lack a letter of the user's name
    root, asked = Path(__file__).resolve().parent.parent, sys.argv[1:]
    if asked == ["verify"]:
        verify(root, sorted(read_sums(root)))
        return
    if asked and asked[0].startswith("http"):
        root = download(asked[0].rstrip("/"))
    install(root)
    say("")
    say("Next, train your first network:")
    say("  cnnlab workshop --quick")
    if asked:
        say(f"For that, open a window with cnnlab: use the start file in {root}.")


if __name__ == "__main__":
    main()
