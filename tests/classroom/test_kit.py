"""The kit, from tiny wheels: what each system needs, made, resumed, damaged, installed, served."""

import ensurepip
import errno
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import zipfile
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from starlette.testclient import TestClient

from cnnlab.classroom import versions
from cnnlab.classroom.kit import build, contents, install, resolve, sums, target, wheel
from cnnlab.classroom.kit.build import Kit, make_kit, plan_kit
from cnnlab.classroom.kit.handout import hand_out
from cnnlab.classroom.kit.resolve import KitError, Resolver, needed_of
from cnnlab.classroom.kit.scripts import readme_files, start_files
from cnnlab.classroom.kit.serve import application
from cnnlab.classroom.kit.target import SYSTEMS, Target, targets
from cnnlab.classroom.kit.wheel import OwnWheel
from cnnlab.errors import ConfigError
from cnnlab.playground.server import listen
from tests.support.mirror import Answer, Mirror
from tests.support.wheels import tiny_wheel

WINDOWS, MAC, LINUX = (
    Target(SYSTEMS[name], "3.11") for name in ("windows-x64", "macos-arm64", "linux-x64")
)
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
HERE = f"cp3{sys.version_info.minor}"
MAIN = """import sys
print("doctor here" if sys.argv[1:] == ["doctor"] else "trained")
def main():
    print("trained")
"""
PLACES = """import os
def cache_root():
    return os.path.join(os.environ["HOME"], "cache")
"""
FAKE_CNNLAB = {
    "cnnlab/__init__.py": "",
    "cnnlab/__main__.py": MAIN,
    "cnnlab/data/__init__.py": "",
    "cnnlab/data/places.py": PLACES,
}


def fill(folder: Path) -> OwnWheel:
    """Write the wheels of the only index that pip has; return cnnlab's own, which it lacks."""
    requires = ("torch>=2", "plain", 'llvmlite; extra == "fast"', 'dask; extra == "cluster"')
    only = ("extra-linux; platform_system == 'Linux'", "colour; sys_platform == 'win32'")
    command = "cnnlab = cnnlab.__main__:main"
    own = tiny_wheel(folder, "cnnlab", "0.9", "py3-none-any", requires, FAKE_CNNLAB, command)
    old = ("backport; python_version < '3.12'", "plain[more]")
    linux = f"{HERE}-{HERE}-manylinux_2_28_x86_64"
    tiny_wheel(folder, "torch", "2.1+cpu", linux, (*only, *old))
    for tag in (f"{HERE}-{HERE}-win_amd64", f"{HERE}-{HERE}-macosx_11_0_arm64"):
        tiny_wheel(folder, "torch", "2.1", tag, (*only, *old))
    for version in ("1.0", "2.0"):
        tiny_wheel(folder, "plain", version, requires=('added>=2; extra == "more"',))
    for name in ("extra-linux", "colour", "backport", "llvmlite"):
        tiny_wheel(folder, name)
    for version in ("1.0", "2.5"):
        tiny_wheel(folder, "added", version)
    (pip,) = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
    shutil.copy(pip, folder)
    made = wheel._describe(own.name, own.read_bytes())
    own.unlink()
    return made


def use(folder: Path, own: OwnWheel, patch: pytest.MonkeyPatch) -> None:
    """Let the kit be made from that index alone, without data and documents."""
    for name in [each for each in os.environ if each.startswith("PIP_")]:
        patch.delenv(name)
    patch.setenv("PIP_CONFIG_FILE", os.devnull)
    patch.setenv("PIP_NO_INDEX", "1")
    patch.setenv("PIP_FIND_LINKS", str(folder))
    patch.setattr(build, "INSTALLER", "pip")
    patch.setattr(build, "own_wheel", lambda: own)
    patch.setattr(resolve, "constraints", lambda: "plain==1.0\n")
    patch.setattr(resolve, "tested_versions", lambda: {"plain": "1.0"})
    patch.setattr(contents, "materials", dict)
    patch.setattr(contents, "DATA", ())
    patch.setattr(contents, "put_pages", put_pages)


@pytest.fixture(scope="module")
def first_kit(tmp_path_factory):
    """Make an index, and a kit for this machine's Python on Linux; return its plan too."""
    root = tmp_path_factory.mktemp("first")
    (root / "index").mkdir()
    own = fill(root / "index")
    with pytest.MonkeyPatch.context() as patch:
        use(root / "index", own, patch)
        plan = plan_kit(root / "kit", [host()], lambda _: None)
        make_kit(plan, lambda _: None)
    return root / "index", plan


@pytest.fixture
def index(first_kit, tmp_path, monkeypatch):
    """Copy the folder of tiny wheels that is pip's only index; return the folder."""
    folder = shutil.copytree(first_kit[0], tmp_path / "index")
    use(folder, first_kit[1].own, monkeypatch)
    return folder


@pytest.fixture
def plan(first_kit, tmp_path, monkeypatch):
    """Plan the same kit into another folder, without asking pip again."""
    index, plan = first_kit
    use(index, plan.own, monkeypatch)
    return replace(plan, folder=tmp_path / "kit")


def put_pages(folder, *_):
    for name in (contents.PAGE, contents.SLIDES):
        sums.write_file(folder / name, b"<h1>A network</h1>")
    return [contents.PAGE, contents.SLIDES]


@pytest.fixture
def kit(first_kit, tmp_path):
    """Copy the kit; return the copy."""
    folder = shutil.copytree(first_kit[1].folder, tmp_path / "kit")
    return Kit(folder, [*sums.read_sums(folder)])


def host() -> Target:
    return Target(SYSTEMS["linux-x64"], PYTHON)


def resolver() -> Resolver:
    return Resolver(lambda _: None, "http://127.0.0.1:9/cpu")


def names(wheels):
    return [each.name.partition("-")[0] for each in wheels]


# What each system needs


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ('platform_system == "Linux"', [LINUX]),
        ('sys_platform == "win32"', [WINDOWS]),
        ('os_name == "posix" and platform_machine == "arm64"', [MAC]),
        ('platform_machine == "AMD64"', [WINDOWS]),
        ('python_version < "3.12"', [WINDOWS, MAC, LINUX]),
        ('python_full_version < "3.11.5"', [WINDOWS, MAC, LINUX]),  # the patch is not known
        ('python_full_version >= "3.11.5"', [WINDOWS, MAC, LINUX]),
        ('implementation_name == "pypy"', []),
    ],
)
def test_a_marker_is_judged_for_the_laptop_and_not_for_this_machine(marker, expected, monkeypatch):
    monkeypatch.setattr("packaging.markers.default_environment", dict)  # this machine says nothing
    assert [each for each in (WINDOWS, MAC, LINUX) if each.accepts(Marker(marker))] == expected


def test_only_the_extras_that_were_asked_for_count():
    requires = ['llvmlite; extra == "fast"', 'dask; extra == "cluster"', "torch"]
    assert list(map(str, needed_of(requires, MAC))) == ["torch"]
    found = needed_of(requires, MAC, frozenset({"fast"}))
    assert [each.name for each in found] == ["llvmlite", "torch"]


def test_each_system_gets_its_own_wheels(index):
    asking, found = resolver(), {}
    for name in ("windows-x64", "macos-arm64", "linux-x64"):
        each = Target(SYSTEMS[name], PYTHON)
        found[name] = asking.resolve(
            [Requirement("torch>=2"), Requirement("plain"), Requirement("pip")], each
        )
    older = ["backport"] if sys.version_info < (3, 12) else []
    assert names(found["windows-x64"]) == ["added", *older, "colour", "pip", "plain", "torch"]
    assert names(found["macos-arm64"]) == ["added", *older, "pip", "plain", "torch"]
    assert names(found["linux-x64"]) == ["added", *older, "extra_linux", "pip", "plain", "torch"]
    versions_found = {each.package: each.version for each in found["linux-x64"]}
    assert versions_found["torch"] == "2.1+cpu"
    assert versions_found["plain"] == "1.0"  # as the constraints say
    assert versions_found["added"] == "2.5"  # as the extra of plain says
    assert all(len(each.sha256) == 64 for each in found["macos-arm64"])


def test_linux_takes_no_torch_for_cuda(index):
    for each in index.glob("torch-*linux*"):
        each.rename(each.with_name(each.name.replace("+cpu", "")))
        tiny_wheel(index, "torch", "2.1", f"{HERE}-{HERE}-manylinux_2_28_x86_64")
    with pytest.raises(KitError, match=r"no CPU build of PyTorch 2\.1 for linux-x64") as caught:
        resolver().resolve([Requirement("torch")], host())
    assert "cnnlab asked http://127.0.0.1:9/cpu." in str(caught.value)


def test_a_wheel_that_does_not_exist_is_named_in_pips_words(index):
    with pytest.raises(KitError, match=r"no wheels for macos-arm64.*nothing-like-it") as caught:
        resolver().resolve([Requirement("nothing-like-it")], MAC)
    assert "leave out this system or this version of Python" in str(caught.value)


def test_another_version_than_the_tested_one_is_refused(index, monkeypatch):
    monkeypatch.setattr(resolve, "constraints", lambda: "")
    with pytest.raises(KitError, match=r"pip found plain 2\.0; cnnlab is tested with 1\.0"):
        resolver().resolve([Requirement("plain")], MAC)


def test_without_pip_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(resolve.sys, "executable", "/usr/bin/false")
    assert "python -m ensurepip --upgrade" in resolve._pip_fault("No module named pip", MAC)


def test_unknown_systems_and_versions_are_refused_with_what_there_is():
    with pytest.raises(
        ConfigError, match=r"no system 'amiga'\. There are: windows-x64, macos-arm64"
    ):
        targets(["amiga"], None)
    with pytest.raises(ConfigError, match=r"Macs with an Intel processor: PyTorch 2\.6 and newer"):
        targets(["macos-x64"], None)
    with pytest.raises(ConfigError, match=r"no kit for Python 3.9. There is one for 3.11, 3.12"):
        targets(None, ["3.9"])


def test_by_default_a_kit_is_for_this_machine(monkeypatch):
    monkeypatch.setattr(target.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(target.platform, "machine", lambda: "arm64")
    assert targets(None, None) == [Target(SYSTEMS["macos-arm64"], PYTHON)]
    monkeypatch.setattr(target.platform, "machine", lambda: "riscv64")
    with pytest.raises(ConfigError, match=r"no kit for this system \(Darwin riscv64\)"):
        targets(None, None)


# Made, resumed, refused


def test_a_kit_holds_what_its_list_says(kit):
    listed = sums.read_sums(kit.folder)
    on_disk = {
        each.relative_to(kit.folder).as_posix() for each in kit.folder.rglob("*") if each.is_file()
    }
    assert on_disk == {*listed, "SHA256SUMS"}
    assert all(sums.sha256_of(kit.folder / name) == found for name, found in listed.items())
    assert {"start.sh", "README-linux-x64.txt", "setup/install.py", "pages/lenet5.html"} <= on_disk
    about = json.loads((kit.folder / "setup" / "kit.json").read_text())
    assert "wheels/cnnlab-0.9-py3-none-any.whl" in about["targets"]["linux-x64"][PYTHON]
    assert not any("dask" in name for name in on_disk)


def test_a_second_call_fetches_only_what_is_missing_or_damaged(kit, index):
    fetched = []
    (kit.folder / "wheels" / "plain-1.0-py3-none-any.whl").unlink()
    damaged = next((kit.folder / "wheels").glob("torch-*"))
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    plan = plan_kit(kit.folder, [host()], print)
    assert names(plan.missing) == ["plain", "torch"]
    assert 0 < plan.missing_size < plan.size
    again = make_kit(plan, print, lambda name, *_: fetched.append(name))
    assert sorted(again.names) == kit.names
    assert len({*fetched}) == 2
    assert sums.sha256_of(damaged) == sums.read_sums(kit.folder)[f"wheels/{damaged.name}"]


def test_old_wheels_and_data_that_is_not_here_are_named(kit, plan, monkeypatch):
    said = []
    monkeypatch.setattr(contents, "DATA", ("mnist",))
    (kit.folder / "wheels" / "old-1-py3-none-any.whl").write_bytes(b"old")
    make_kit(replace(plan, missing=[]), said.append)
    assert any(
        "MNIST is not on this machine, so the kit does not have it." in each for each in said
    )
    assert said[-1].startswith("1 wheels of an earlier kit (0 MB) are still in")


def test_data_goes_into_the_kit_packed_and_stays(tiny_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "DATA", ("tiny",))
    found = contents.put_data(tmp_path / "kit", None, print)
    assert found[0] == "data/Tiny/raw/train-images-idx3-ubyte.gz"
    before = {name: (tmp_path / "kit" / name).stat().st_mtime_ns for name in found}
    assert contents.put_data(tmp_path / "kit", None, print) == found
    assert before == {name: (tmp_path / "kit" / name).stat().st_mtime_ns for name in found}


def test_documents_are_taken_from_one_list(tmp_path):
    (tmp_path / "docs" / "images").mkdir(parents=True)
    (tmp_path / "docs" / "how-to.md").write_text("# How to")
    (tmp_path / "docs" / "images" / "a.png").write_bytes(b"picture")
    (tmp_path / "docs" / "make_docs.py").write_text("")
    found = contents.materials(tmp_path)
    assert [*found] == ["docs/how-to.md", "docs/images/a.png"]
    assert contents.materials(None) == {}


def test_a_folder_with_other_files_is_not_touched(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"sea")
    with pytest.raises(KitError, match=r"holds other files\. Name a new or empty folder"):
        plan_kit(tmp_path, [host()])
    (tmp_path / "README.txt").write_text("My holiday")
    with pytest.raises(KitError, match="holds other files"):
        plan_kit(tmp_path, [host()])
    file = tmp_path / "README.txt"
    with pytest.raises(KitError, match="holds other files"):
        plan_kit(file, [host()])


def test_too_little_room_is_said_before_anything_is_downloaded(index, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(build.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(
        KitError, match=r"too little room: 1 MB are free, the kit needs 6\d MB more"
    ):
        plan_kit(tmp_path / "kit", [host()])
    assert not (tmp_path / "kit").exists()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left"), "is full. No half-written file has the name"),
        (OSError(errno.EROFS, "Read-only file system"), r"Cannot write to .*\(Read-only file"),
    ],
)
def test_a_full_or_read_only_disk_is_said_and_leaves_nothing_half_written(
    plan, monkeypatch, error, message
):
    real = sums.receive

    def fail_late(url, part, *rest):
        if "torch" in part.name:
            part.write_bytes(b"half")
            raise error
        return real(url, part, *rest)

    monkeypatch.setattr(sums, "receive", fail_late)
    with pytest.raises(KitError, match=message):
        make_kit(plan)
    assert not [*(plan.folder / "wheels").glob("torch*")]
    monkeypatch.setattr(sums, "receive", real)
    assert make_kit(plan).names


@pytest.fixture
def mirror():
    found = Mirror({})
    yield found
    found.close()


def test_a_download_that_breaks_is_resumed_and_verified(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr("cnnlab.data.download.RETRY_WAIT_SECONDS", 0)
    content = os.urandom(300_000)
    mirror.packed["a-1-py3-none-any.whl"] = content
    sha256, url = hashlib.sha256(content).hexdigest(), f"{mirror.url}a-1-py3-none-any.whl"
    one = resolve.Wheel("a", "1", url, sha256, (), 300_000)
    mirror.answer = Answer.half
    with pytest.raises(KitError, match="it downloads only what is missing"):
        sums.fetch_wheel(one, tmp_path, None)
    assert [each.name for each in tmp_path.iterdir()] == [".a-1-py3-none-any.whl.part"]
    mirror.answer = Answer.file
    sums.fetch_wheel(one, tmp_path, None)
    assert [each.name for each in tmp_path.iterdir()] == [one.name]
    assert (tmp_path / one.name).read_bytes() == content
    assert mirror.seen[-1][1].startswith("bytes=")


def test_a_wheel_with_other_bytes_never_gets_its_name(mirror, tmp_path):
    mirror.packed["a-1-py3-none-any.whl"] = b"changed"
    one = resolve.Wheel("a", "1", f"{mirror.url}a-1-py3-none-any.whl", "0" * 64, (), 7)
    with pytest.raises(KitError, match="has other bytes than the index says: expected SHA-256 000"):
        sums.fetch_wheel(one, tmp_path, None)
    assert [*tmp_path.iterdir()] == []


def test_a_server_that_does_not_answer_is_named_while_sizes_are_asked():
    one = resolve.Wheel("a", "1", "http://127.0.0.1:9/a-1-py3-none-any.whl", "0" * 64)
    with pytest.raises(KitError, match="cannot be reached") as caught:
        resolve.with_sizes([one])
    assert "http://127.0.0.1:9/a-1-py3-none-any.whl" in str(caught.value)


def test_the_estimates_name_their_speeds():
    stick, wifi = hand_out(30, 12_000_000_000, 375_000_000)
    assert stick.startswith("By stick: 5 x 16 GB for 30 laptops. Each stick goes to 6 laptops")
    assert "about 7 min each to copy (at 30 MB/s)" in stick
    assert "30 x 375 MB, about 15 min in all (at 100 Mbit/s, which all share)" in wifi


# cnnlab's own wheel


def test_the_wheel_is_made_again_from_the_installed_files():
    name, content = wheel._made_again(distribution("cnnlab"))
    assert (name, content) == wheel._made_again(distribution("cnnlab"))
    own = wheel._describe(name, content)
    assert own.version == distribution("cnnlab").version
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = archive.namelist()
        assert archive.testzip() is None
        record = archive.read(files[-1]).decode() if files[-1].endswith("RECORD") else ""
    assert "cnnlab/playground/static/page.html" in files
    assert "cnnlab/classroom/constraints.txt" in files
    assert any(each.endswith("dist-info/licenses/LICENSE") for each in files)
    assert not any("__pycache__" in each for each in files)
    folder = f"cnnlab-{own.version}.dist-info"
    record = zipfile.ZipFile(io.BytesIO(content)).read(f"{folder}/RECORD").decode()
    assert {line.partition(",")[0] for line in record.splitlines()} == {*files}


def test_sources_that_cannot_be_built_are_said_in_pips_words(monkeypatch, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'cnnlab'\nversion = 'x y'\n")
    monkeypatch.setattr(wheel, "CHECKOUT", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(KitError, match="pip could not build cnnlab from") as caught:
        wheel.own_wheel()
    assert "It needs the internet for the build tool, hatchling." in str(caught.value)


def test_the_tested_versions_are_those_of_the_constraints():
    found = versions.tested_versions()
    assert found["torch"] == "2.13.0"
    assert found["typing-extensions"]


# The files that students start


def test_each_system_has_its_start_and_its_readme():
    both = [Target(SYSTEMS["windows-x64"], each) for each in ("3.11", "3.12")]
    found = start_files([*both, Target(SYSTEMS["macos-arm64"], "3.12")])
    assert [*found] == ["start.bat", "start.command"]
    assert b"for %%V in (3.12 3.11) do" in found["start.bat"]
    assert b"\r\n" in found["start.bat"]
    assert b"\r" not in found["start.command"]
    texts = readme_files(both, "0.9", "For: nobody")
    assert [*texts] == ["README.txt", "README-windows-x64.txt"]
    assert b"Double-click start.bat" in texts["README-windows-x64.txt"]
    assert b"You need Python 3.11 or 3.12." in texts["README-windows-x64.txt"]
    assert all(len(line) <= 101 for text in texts.values() for line in text.splitlines())


def printed(command: list[str], home: Path, programs: str = os.defpath):
    """Run a command as a student does, with nothing but the system's programs."""
    home.mkdir(exist_ok=True)
    environment = {"HOME": str(home), "PATH": programs, "PYTHONUTF8": "1"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, input=""
    )


def started(kit_folder: Path, home: Path, *words: str, offline: bool = False):
    """Run the kit's installer; ``offline`` in a network namespace that has no network."""
    before = ["unshare", "--map-root-user", "--net"] if offline else []
    installer = str(kit_folder / "setup" / "install.py")
    return printed([*before, sys.executable, installer, *words], home)


def can_unshare() -> bool:
    command = ["unshare", "--map-root-user", "--net", "true"]
    return bool(shutil.which("unshare")) and not subprocess.run(command, check=False).returncode


@pytest.mark.skipif(not can_unshare(), reason="this system cannot make a network namespace")
def test_a_kit_is_installed_where_there_is_no_network(
    kit, plan, tmp_path, tiny_folder, monkeypatch
):
    monkeypatch.setattr(contents, "DATA", ("tiny",))
    make_kit(replace(plan, missing=[]))
    stick, home = tmp_path / "Stick für die Größe 1", tmp_path / "Zoë's home"
    shutil.copytree(kit.folder, stick)
    done = started(stick, home, offline=True)
    assert done.returncode == 0, done.stderr
    assert "files are as the leader made them." in done.stdout
    assert "doctor here" in done.stdout
    assert "cnnlab workshop --quick" in done.stdout
    assert (home / "cache" / "Tiny" / "raw" / "train-images-idx3-ubyte.gz").is_file()
    program = home / "cnnlab-workshop" / ".venv" / "bin" / "cnnlab"
    assert printed([str(program)], home).stdout.endswith("trained\n")
    again = started(stick, home)
    assert again.stdout.startswith(f"cnnlab is installed already, in {home}/cnnlab-workshop.")


def test_the_start_script_finds_python_and_installs(kit, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / f"python{PYTHON}").symlink_to(sys.executable)
    start = ["sh", str(kit.folder / "start.sh")]
    done = printed(start, tmp_path / "home", f"{programs}:{os.defpath}")
    assert done.returncode == 0, done.stderr
    assert "doctor here" in done.stdout


def test_without_python_the_start_script_says_which_one_is_needed(kit, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "dirname").symlink_to(shutil.which("dirname"))
    start = kit.folder / "start.sh"
    start.write_text(start.read_text().replace("/usr/local/bin/", "/nowhere/"))
    done = printed([shutil.which("sh"), str(start)], tmp_path / "home", str(programs))
    assert done.returncode == 1
    assert f"Python is not installed, or too old. This kit needs Python {PYTHON}." in done.stdout


def test_a_damaged_wheel_is_named_before_anything_is_installed(kit, tmp_path):
    torch = next((kit.folder / "wheels").glob("torch-*"))
    torch.write_bytes(torch.read_bytes()[:-1] + b"?")
    (kit.folder / "wheels" / "plain-1.0-py3-none-any.whl").unlink()
    done = started(kit.folder, tmp_path / "home")
    assert done.returncode == 1
    assert "Nothing was installed." in done.stderr
    assert f"  wheels/{torch.name} is damaged: expected SHA-256 " in done.stderr
    assert "  wheels/plain-1.0-py3-none-any.whl is missing" in done.stderr
    assert "Copy these files from the leader's kit again." in done.stderr
    assert not (tmp_path / "home" / "cnnlab-workshop").exists()
    assert started(kit.folder, tmp_path / "home", "verify").returncode == 1


def test_verify_reads_every_file_of_the_kit(kit, tmp_path):
    done = started(kit.folder, tmp_path / "home", "verify")
    assert done.stdout == f"Verified: {len(kit.names)} files are as the leader made them.\n"
    (kit.folder / "pages" / "lenet5.html").write_text("other")
    done = started(kit.folder, tmp_path / "home", "verify")
    assert "  pages/lenet5.html is damaged" in done.stderr
    (kit.folder / "SHA256SUMS").unlink()
    done = started(kit.folder, tmp_path / "home", "verify")
    assert "Copy the whole folder from the leader again." in done.stderr


def test_a_kit_that_lacks_a_package_is_not_called_installed(kit, tmp_path):
    about = kit.folder / "setup" / "kit.json"
    content = json.loads(about.read_text())
    wheels = content["targets"]["linux-x64"][PYTHON]
    wheels.remove("wheels/plain-1.0-py3-none-any.whl")
    about.write_text(json.dumps(content))
    done = started(kit.folder, tmp_path / "home")
    assert done.returncode == 1
    assert "The kit lacks packages. The leader must make it again:" in done.stderr
    assert "plain" in done.stderr
    assert not (tmp_path / "home" / "cnnlab-workshop" / "installed.txt").exists()


ABOUT = {"targets": {"linux-x64": {"3.11": ["a"], "3.12": ["b"]}}}


@pytest.mark.parametrize(
    ("system", "machine", "python", "message"),
    [
        ("Linux", "x86_64", (3, 10), "This Python is 3.10. This kit needs Python 3.11 or 3.12"),
        ("Windows", "AMD64", (3, 12), "This kit has nothing for this system (windows-x64)."),
        ("Darwin", "x86_64", (3, 12), "This is a Mac with an Intel processor."),
    ],
)
def test_a_laptop_that_the_kit_is_not_for_hears_why(
    monkeypatch, capsys, system, machine, python, message
):
    monkeypatch.setattr(install.platform, "system", lambda: system)
    monkeypatch.setattr(install.platform, "machine", lambda: machine)
    monkeypatch.setattr(install.sys, "version_info", (*python, 1))
    with pytest.raises(SystemExit) as stopped:
        install.choose(ABOUT)
    assert stopped.value.code == 1
    assert message in capsys.readouterr().err


def test_a_full_disk_stops_the_installation(kit, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(install, "HOME", tmp_path / "home" / "cnnlab")
    (tmp_path / "home").mkdir()
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(install.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(SystemExit):
        install.install(kit.folder)
    assert "The disk is too full: 0.2 GB needed, 0.0 GB free." in capsys.readouterr().err


def test_a_home_that_cannot_be_written_is_named(kit, tmp_path, monkeypatch, capsys):
    home = tmp_path / "home"
    home.mkdir()
    (home / "cnnlab").write_text("a file, where the folder should be")
    monkeypatch.setattr(install, "HOME", home / "cnnlab")
    with pytest.raises(SystemExit):
        install.install(kit.folder)
    assert f"cnnlab could not be installed in {home / 'cnnlab'}" in capsys.readouterr().err


def test_the_installer_runs_on_an_old_python_to_say_which_one_is_needed(kit, tmp_path):
    old = next((path for name in ("3.8", "3.9", "3.10") if (path := old_python(name))), None)
    if old is None:
        pytest.skip("there is no older Python on this machine")
    done = printed([old, str(kit.folder / "setup" / "install.py")], tmp_path / "home")
    assert done.returncode == 1
    assert f"This kit needs Python {PYTHON}, 64 bit." in done.stderr


def old_python(version: str) -> str | None:
    """Return a Python of that version that starts; a version manager's stand-in may not."""
    program = shutil.which(f"python{version}")
    is_there = (
        program
        and not subprocess.run([program, "-c", ""], check=False, capture_output=True).returncode
    )
    return program if is_there else None


# Served and shown


@pytest.fixture
def client(kit):
    app = application(kit.folder, frozenset({"192.168.1.5:8017"}), "http://192.168.1.5:8017")
    return TestClient(app, base_url="http://192.168.1.5:8017")


def test_the_first_page_has_the_two_steps(client):
    page = client.get("/").text
    assert '<a href="/setup/install.py" download>' in page
    assert "py Downloads\\install.py http://192.168.1.5:8017" in page
    assert "python3 Downloads/install.py http://192.168.1.5:8017" in page
    assert f"Install Python {PYTHON}, 64 bit" in page


def test_a_file_can_be_had_in_parts(client, kit):
    path = "/wheels/cnnlab-0.9-py3-none-any.whl"
    whole = (kit.folder / path[1:]).read_bytes()
    assert client.get(path).content == whole
    part = client.get(path, headers={"Range": "bytes=100-"})
    assert (part.status_code, part.content) == (206, whole[100:])
    assert client.get(path, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/wheels/../../secret.txt",
        "/wheels",
        "/wheels/",
        "/setup/notes.txt",
        "//etc/passwd",
        "/SHA256SUMS/",
    ],
)
def test_no_other_file_can_be_reached(client, kit, path):
    (kit.folder.parent / "secret.txt").write_text("secret")
    (kit.folder / "setup" / "notes.txt").write_text("not in the list")
    answer = client.get(path)
    assert (answer.status_code, answer.text) == (404, "The kit has no such file.")


def test_only_its_own_address_and_reading_are_answered(client):
    other = client.get("/", headers={"Host": "evil.example"})
    assert (other.status_code, other.text) == (400, "Use the address that cnnlab kit printed.")
    assert client.post("/").status_code == 405
    assert client.delete("/SHA256SUMS").status_code == 405


def test_a_laptop_gets_the_kit_over_the_network_and_resumes(kit, tmp_path, monkeypatch, capsys):
    mirror = Mirror({})
    mirror.url = mirror.url.rstrip("/")
    try:
        for name in [*kit.names, "SHA256SUMS"]:
            mirror.packed[name.rsplit("/", 1)[-1]] = (kit.folder / name).read_bytes()
        monkeypatch.setattr(install, "HOME", tmp_path / "home")
        monkeypatch.setattr(install.time, "sleep", lambda _: None)
        root = install.download(mirror.url)
        about = json.loads((root / "setup" / "kit.json").read_text())
        install.verify(root, about["targets"]["linux-x64"][PYTHON])
        assert not [*root.rglob("*.part")]
        torch = next((root / "wheels").glob("torch-*"))
        whole = torch.read_bytes()
        torch.unlink()
        torch.with_name(torch.name + ".part").write_bytes(whole[:100])
        before = len(mirror.seen)
        install.download(mirror.url)
        assert torch.read_bytes() == whole
        asked = [(name, wanted) for name, wanted in mirror.seen[before:] if "torch" in name]
        assert asked == [(torch.name, "bytes=100-")]
    finally:
        mirror.close()
    capsys.readouterr()
    with pytest.raises(SystemExit):
        install.download(mirror.url)
    assert "Check that you are in the same Wi-Fi as the leader." in capsys.readouterr().err


# The command


def test_the_command_tells_sizes_and_makes_the_kit(cnnlab, index, tmp_path):
    words = ("kit", "-o", "Kit für 12", "--systems", "linux-x64", "--python", PYTHON, "--for", "12")
    status, out, err = cnnlab(*words)
    assert status == 0, err
    assert f"linux-x64, Python {PYTHON}: " in out
    assert "The kit is ready: Kit für 12, " in out
    assert "By stick: 2 x 8 GB for 12 laptops." in out
    status, out, _ = cnnlab(*words, "--json")
    found = json.loads(out)
    assert (found["downloaded"], found["targets"]) == (0, [f"linux-x64, Python {PYTHON}"])


def test_an_interrupted_command_says_what_is_kept(cnnlab, index, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "fetch_wheel", interrupt)
    status, _, err = cnnlab("kit", "-o", "kit", "--systems", "linux-x64", "--python", PYTHON)
    assert status == 130
    assert "Interrupted. The same command downloads only what is missing." in err


def test_the_command_refuses_what_it_cannot_do(cnnlab):
    assert "There is no system 'amiga'." in cnnlab("kit", "--systems", "amiga")[2]
    assert "expected 1 laptop or more" in cnnlab("kit", "--for", "0")[2]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} cannot be used") as caught:
            listen("127.0.0.1", port)
        assert "Name another --port; with 0, cnnlab finds a free one." in str(caught.value)
    status, _, err = cnnlab("kit", "--serve", "-o", "nothing")
    assert status == 1
    assert "holds no finished kit: SHA256SUMS is missing. Make it first." in err


def test_one_wheel_is_described_by_its_metadata(tmp_path):
    path = tiny_wheel(tmp_path, "cnnlab", "3.1", requires=("torch>=2", 'x; extra == "fast"'))
    assert wheel._describe(path.name, path.read_bytes()) == OwnWheel(
        path.name, path.read_bytes(), "3.1", ("torch>=2", 'x; extra == "fast"')
    )


def test_the_page_is_made_again_only_if_it_is_damaged(tmp_path, monkeypatch):
    made = []

    def stop(*_, **__):
        made.append(True)
        raise KeyboardInterrupt

    monkeypatch.setattr("cnnlab.runs.train.train_run", stop)
    page = tmp_path / contents.PAGE
    both = put_pages(tmp_path)
    assert contents.put_pages(tmp_path, None, print) == both
    sums.write_sums(tmp_path, both)
    assert contents.put_pages(tmp_path, None, print) == both
    page.write_bytes(b"a pagf")
    with pytest.raises(KeyboardInterrupt):
        contents.put_pages(tmp_path, None, print)
    assert made == [True]
