"""Checks of what is around cnnlab: data, versions, the port, the browser, network and notebooks."""

import importlib.util
import json
import shutil
import socket
import sys
import threading
import urllib.error
import urllib.request
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from cnnlab.classroom.doctor.check import Check
from cnnlab.classroom.doctor.machine import Machine
from cnnlab.classroom.versions import tested_versions
from cnnlab.data.catalog import DATA_SETS, PublishedDataSet
from cnnlab.data.library import Library
from cnnlab.wording import command_line

ADDRESS = "127.0.0.1"
_SECONDS = 2.0
_WANTED = ("fashion-mnist", "mnist")
_MATTERING = ("torch", "numpy", "scipy", "matplotlib", "llvmlite", "safetensors", "starlette")


def data(machine: Machine) -> Check:
    """Check that both data sets are here, each file with its SHA-256; else where they come from."""
    library = Library(offline=True, notify=lambda _: None)
    checks = [library.check(DATA_SETS[name]) for name in _WANTED]
    found = ", ".join(f"{each.data_set.title} {each.state}" for each in checks)
    where = "; ".join(str(each.folder) for each in checks if each.folder)
    open_ones = [each.data_set for each in checks if each.state != "complete"]
    if not open_ones:
        return Check("Data", "ok", f"{found}: every SHA-256 is right", where=where)
    commands = "".join(f"\n  {command_line('data', 'get', each.name)}" for each in open_ones)
    damaged = any(each.state == "damaged" for each in checks)
    can = _can_reach(open_ones[0], machine)
    do = (
        f"{'Delete the damaged files. ' if damaged else ''}Get the data {can}:{commands}\n"
        "Without it, use the sample that comes with cnnlab: --dataset fashion-mnist-sample"
    )
    return Check("Data", "fix" if damaged else "warn", found, do, where)


def _can_reach(data_set: PublishedDataSet, machine: Machine) -> str:
    """Return in words whether the first server with that data set answers from here."""
    if not data_set.mirrors:
        return "with an internet connection"
    host = urlsplit(data_set.mirrors[0]).hostname or ""
    answers: list[bool] = []

    def ask() -> None:
        try:
            urllib.request.urlopen(  # noqa: S310 - an address of the catalogue
                urllib.request.Request(data_set.mirrors[0], method="HEAD"),  # noqa: S310
                timeout=_SECONDS,
            ).close()
        except urllib.error.HTTPError:
            pass
        except OSError:
            return
        answers.append(True)

    # In a thread: the search for a host's address has no time limit of its own.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_SECONDS)
    proxy = any(name.lower() in {"http_proxy", "https_proxy"} for name in machine.environment)
    through = ", through the proxy that your environment names" if proxy else ""
    if answers:
        return f"from the internet ({host} answers{through})"
    return f"from somebody's USB stick ({host} does not answer from here{through})"


def versions(_: Machine) -> Check:
    """Compare the installed versions with those that cnnlab is tested with."""
    tested, others = tested_versions(), []
    for name in _MATTERING:
        try:
            here = version(name).partition("+")[0]
        except PackageNotFoundError:
            if name == "llvmlite":
                do = "Training is slower without it. Install it:\n  pip install llvmlite"
                return Check("Versions", "warn", "llvmlite is not installed", do)
            continue
        if tested.get(name, here) != here:
            others.append(f"{name} {here} (tested: {tested[name]})")
    if others:
        do = "cnnlab may work with them. If not, install the tested versions, as from a kit."
        return Check("Versions", "warn", ", ".join(others), do)
    return Check("Versions", "ok", f"cnnlab {version('cnnlab')}, with the tested packages")


def loopback(_: Machine) -> Check:
    """Check that a program here can talk to itself, as the browser talks to ``cnnlab play``."""
    do = (
        "A firewall or a virus scanner blocks 127.0.0.1. Allow Python there. Until then, use "
        "cnnlab export --page: the page as a file."
    )
    try:
        with socket.create_server((ADDRESS, 0)) as server:
            server.settimeout(_SECONDS)
            port = server.getsockname()[1]
            with socket.create_connection((ADDRESS, port), timeout=_SECONDS) as client:
                inside, _where = server.accept()
                with inside:
                    client.sendall(b"cnnlab")
                    inside.settimeout(_SECONDS)
                    received = inside.recv(6)
    except OSError as error:
        return Check("Own address", "fix", f"{ADDRESS} does not work ({error})", do)
    if received != b"cnnlab":
        return Check("Own address", "fix", f"{ADDRESS} changed what was sent", do)
    return Check("Own address", "ok", f"{ADDRESS} answers: cnnlab play works")


def browser(machine: Machine) -> Check:
    """Check which browser opens pages."""
    name = machine.browser()
    if not name:
        do = "Open the page's file with a browser by hand: Firefox, Chrome, Edge or Safari."
        return Check("Browser", "warn", "no default browser found", do)
    if name.startswith("IE."):
        do = "Set Edge, Firefox or Chrome as the default browser."
        return Check("Browser", "warn", "Internet Explorer, which is too old for the pages", do)
    return Check("Browser", "ok", name)


def network(machine: Machine) -> Check:
    """Check the address in the local network. Only the class's own pages need it."""
    address = machine.address()
    if not address:
        return Check("Network", "ok", "none: cnnlab works offline")
    if machine.is_network_public():
        do = "Only for the leader: set this network to private in Windows' settings."
        return Check(
            "Network", "warn", "Windows calls it public: others cannot reach you", do, address
        )
    try:
        with socket.create_server((address, 0)) as server:
            socket.create_connection(server.getsockname(), timeout=_SECONDS).close()
    except OSError as error:
        do = "Only for the leader: allow Python in the firewall."
        return Check("Network", "warn", f"cannot be reached ({error.strerror})", do, address)
    return Check("Network", "ok", "this laptop has an address", where=address)


def notebook(_: Machine) -> Check:
    """Check that a notebook, if Jupyter is here, runs in the environment that cnnlab is in."""
    name = "Notebook"
    if importlib.util.find_spec("ipykernel") is None:
        if shutil.which("jupyter") is None:
            return Check(name, "ok", "no Jupyter here: only notebooks need it")
        do = (
            "Install Jupyter's kernel beside cnnlab, and choose it in the notebook:\n"
            "  python -m pip install ipykernel\n"
            "  python -m ipykernel install --user --name cnnlab"
        )
        return Check(name, "warn", "Jupyter is here, but in another environment than cnnlab", do)
    kernel = Path(sys.prefix) / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    program = json.loads(kernel.read_text(encoding="utf-8"))["argv"][0] if kernel.is_file() else ""
    if Path(program).is_absolute() and Path(program).parent != Path(sys.executable).parent:
        do = "Let the kernel point here:\n  python -m ipykernel install --sys-prefix"
        return Check(name, "warn", "the kernel points to another Python", do, program)
    return Check(name, "ok", "the kernel is in the same environment as cnnlab")
