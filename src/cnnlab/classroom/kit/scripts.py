"""The files that a student starts, and reads: one start and one README for each system."""

from collections.abc import Sequence

from cnnlab.classroom.kit.target import SYSTEMS, Target

_BAT = r"""@echo off
rem Installs cnnlab without internet, and opens a window in which it works.
chcp 65001 >nul
cd /d "%~dp0"
set PY=
for %%V in (@VERSIONS@) do if not defined PY (
  py -%%V -c "" >nul 2>nul && set PY=py -%%V
)
if not defined PY (
  python -c "import sys; sys.exit(sys.version_info < (3, 7))" >nul 2>nul && set PY=python
)
if not defined PY (
  echo Python is not installed, or too old. This kit needs Python @WORDS@, 64 bit.
  echo Install it: its installer may be in the folder python. Then start again.
  pause
  exit /b 1
)
%PY% setup\install.py
if errorlevel 1 (
  pause
  exit /b 1
)
cd /d "%USERPROFILE%\cnnlab-workshop"
cmd /k ".venv\Scripts\activate.bat"
"""

_SH = """#!/bin/sh
# Installs cnnlab without internet, and opens a window in which it works.
cd "$(dirname "$0")" || exit 1
for version in @VERSIONS@ 3; do
  for folder in "" /usr/local/bin/ /opt/homebrew/bin/; do
    program="${folder}python$version"
    if "$program" -c 'import sys; sys.exit(sys.version_info < (3, 7))' >/dev/null 2>&1; then
      found="$program"
      break 2
    fi
  done
done
if [ -z "$found" ]; then
  echo "Python is not installed, or too old. This kit needs Python @WORDS@."
  echo "Install it: its installer may be in the folder python. Then start again."
  exit 1
fi
"$found" setup/install.py || exit 1
if [ -t 0 ]; then
  cd "$HOME/cnnlab-workshop" || exit 1
  . .venv/bin/activate
  exec "${SHELL:-/bin/sh}"
fi
"""

_START = {
    "windows": (
        "Double-click start.bat. If Windows asks, choose More info, then Run anyway.",
        "Open the folder of the kit, then double-click start.bat again.",
    ),
    "macos": (
        "Open the program Terminal. Type sh and a space, then drag the file start.command\n"
        "   into the window, and press Enter. (On some Macs a double-click does the same.)",
        "Do the same again with start.command.",
    ),
    "linux": (
        "Open a terminal in this folder. Type this, and press Enter:\n\n       sh start.sh",
        "Type the same again: sh start.sh",
    ),
}

_README = """cnnlab on {title}

You do not need the internet. You need Python {words}.

1. Copy the whole folder of the kit from the stick to your laptop.
2. {start}
   It checks the files, installs cnnlab into the folder cnnlab-workshop of your home folder, and
   checks your laptop. This takes some minutes. Wait for "This laptop is ready".
3. In the same window, train your first network:

       cnnlab workshop --quick

Do you need the window again? {again}

If something goes wrong
- "Python is not installed", or "This kit needs Python ...": install it. Its installer may be in the
  folder python. On Windows, tick "Add python.exe to PATH".
- "is damaged": copy this file from the leader's kit again.
- Anything else: type  cnnlab doctor --share  and show the text to the leader.

Your results are in the folder cnnlab-workshop, in runs. To remove cnnlab, delete that folder.
"""

FIRST_LINE = "cnnlab kit"
_OVERVIEW = """{first}, version {version}

Students: read the README of your system: {readmes}.

Leaders: "python setup/install.py verify" checks every file. Put Python's own installers into the
folder python: https://www.python.org/downloads/

{contents}
"""


def start_files(targets: Sequence[Target]) -> dict[str, bytes]:
    """Return the files that students start, by name; each has its system's ends of lines."""
    pythons = _pythons(targets)
    words = " or ".join(reversed(pythons))
    kinds = {each.system.name.partition("-")[0] for each in targets}
    found: dict[str, bytes] = {}
    for kind, names in (
        ("windows", ("start.bat",)),
        ("macos", ("start.command",)),
        ("linux", ("start.sh",)),
    ):
        text = _BAT if kind == "windows" else _SH
        text = text.replace("@VERSIONS@", " ".join(pythons)).replace("@WORDS@", words)
        if kind == "windows":
            text = text.replace("\n", "\r\n")
        if kind in kinds:
            found |= {name: text.encode("ascii") for name in names}
    return found


def readme_files(targets: Sequence[Target], version: str, contents: str) -> dict[str, bytes]:
    """Return a README for each system, and one that says what is in the kit."""
    words = " or ".join(reversed(_pythons(targets)))
    found: dict[str, bytes] = {}
    for name in dict.fromkeys(each.system.name for each in targets):
        start, again = _START[name.partition("-")[0]]
        title = SYSTEMS[name].title
        text = _README.format(title=title, words=words, start=start, again=again)
        found[f"README-{name}.txt"] = _lines(text)
    overview = _OVERVIEW.format(
        first=FIRST_LINE, version=version, readmes=", ".join(found), contents=contents
    )
    return {"README.txt": _lines(overview)} | found


def _pythons(targets: Sequence[Target]) -> list[str]:
    """Return the versions of Python, the newest first."""
    versions = {each.python for each in targets}
    return sorted(versions, key=lambda each: [*map(int, each.split("."))], reverse=True)


def _lines(text: str) -> bytes:
    """Return a text with Windows' ends of lines: every editor reads them."""
    return text.replace("\n", "\r\n").encode()
