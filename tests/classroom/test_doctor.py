"""The doctor: each check on made-up laptops, and the whole on this one."""

import ctypes
import json
import sys
import types
from collections import namedtuple
from pathlib import Path

import pytest

from cnnlab.classroom.doctor import examine, laptop, learning, machine, surroundings
from cnnlab.classroom.doctor.check import Check
from cnnlab.classroom.doctor.machine import Machine, mac_battery, mac_memory


class Laptop(Machine):
    """A laptop whose answers a test makes up; what it leaves out is a good Linux laptop."""

    def __init__(self, **answers):
        super().__init__(Path("/home/ada/work"))
        self.system, self.processor, self.python, self.bits = "Linux", "x86_64", (3, 12, 4), 64
        self.environment = {}
        self.answers = {
            "free_memory": 4_000_000_000,
            "free_disk": 9_000_000_000,
            "write_error": "",
            "is_on_battery": False,
            "allows_long_paths": True,
            "processor_features": {"avx2"},
            "browser": "firefox",
            "address": "",
            "is_network_public": None,
            "now": 1_790_000_000.0,
            "private_words": ["/home/ada", "ada", "analytical-engine"],
        }
        for name, value in answers.items():
            if name in self.answers:
                self.answers[name] = value
            else:
                setattr(self, name, value)


def _answer(name):
    def method(self):
        if isinstance(self.answers[name], Exception):
            raise self.answers[name]
        return self.answers[name]

    return method


for _name in Laptop().answers:
    setattr(Laptop, _name, _answer(_name))


def test_a_good_laptop_has_nothing_to_do(monkeypatch):
    monkeypatch.setattr("torch.get_num_threads", lambda: 2)  # parallel tests have one each
    good = Laptop()
    for check in (
        *(laptop.python, laptop.processor_kind, laptop.memory, laptop.disk, laptop.folder),
        *(laptop.clock, laptop.power, learning.processor, surroundings.browser),
        *(surroundings.loopback, surroundings.network),
    ):
        found = check(good)
        assert (found.state, found.do) == ("ok", ""), found


@pytest.mark.parametrize(
    ("check", "answers", "state", "found", "do"),
    [
        (laptop.python, {"python": (3, 10, 2)}, "fix", "3.10.2, 64 bit; cnnlab needs 3.11", "3.12"),
        (laptop.python, {"bits": 32}, "fix", "32 bit; PyTorch needs 64 bit", "python.org"),
        (
            laptop.processor_kind,
            {"system": "Darwin"},
            "fix",
            "Darwin, x86_64: there is no PyTorch 2.6 or newer for Macs with an Intel processor",
            "one-file page",
        ),
        (laptop.memory, {"free_memory": 700_000_000}, "fix", "0.7 GB free; expected 1 GB", "Close"),
        (laptop.memory, {"free_memory": None}, "ok", "does not say", ""),
        (laptop.disk, {"free_disk": 400_000_000}, "fix", "0.4 GB free; expected 0.5 GB", "bin"),
        (
            laptop.folder,
            {"write_error": "Read-only file system"},
            "fix",
            "nothing can be written here (Read-only file system)",
            "a folder of your own",
        ),
        (
            laptop.folder,
            {"system": "Windows", "folder": Path("C:\\Users\\ada\\OneDrive - School\\work")},
            "warn",
            "OneDrive copies this folder",
            "C:\\cnnlab",
        ),
        (
            laptop.folder,
            {"system": "Windows", "folder": Path("C:\\" + "a" * 180), "allows_long_paths": False},
            "warn",
            "the path has 183 letters; Windows allows 260 in all",
            "C:\\cnnlab",
        ),
        (laptop.clock, {"now": 1_000_000_000.0}, "fix", "2001-09-09", "Set the date"),
        (laptop.power, {"is_on_battery": True}, "warn", "on the battery", "charger"),
        (laptop.power, {"is_on_battery": None}, "ok", "no battery found", ""),
        (learning.processor, {"processor_features": {"sse2"}}, "warn", "no AVX2", "slowly"),
        (surroundings.browser, {"browser": ""}, "warn", "no default browser", "by hand"),
        (surroundings.browser, {"browser": "IE.HTTP"}, "warn", "Internet Explorer", "Edge"),
        (
            surroundings.network,
            {"address": "192.168.1.7", "is_network_public": True},
            "warn",
            "Windows calls it public",
            "set this network to private",
        ),
        (surroundings.network, {"address": "127.0.0.1"}, "ok", "has an address", ""),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(check, answers, state, found, do):
    result = check(Laptop(**answers))
    assert result.state == state
    assert found in result.found
    assert do in result.do
    assert bool(result.do) == (state != "ok")


def test_a_terminal_without_utf8_or_too_narrow_is_a_warning(monkeypatch):
    Output = namedtuple("Output", "encoding")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(laptop, "sys", namedtuple("Sys", "stdout")(Output("cp850")))
    assert laptop.terminal(Laptop()).found == "cp850, 60 letters wide"
    assert "chcp 65001" in laptop.terminal(Laptop()).do
    monkeypatch.setattr(laptop, "sys", namedtuple("Sys", "stdout")(Output("UTF-8")))
    assert "tables need 80 letters" in laptop.terminal(Laptop()).do
    monkeypatch.setenv("COLUMNS", "80")
    assert laptop.terminal(Laptop()).state == "ok"


def test_a_blocked_own_address_is_named(monkeypatch):
    def refuse(*_, **__):
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(surroundings.socket, "create_connection", refuse)
    found = surroundings.loopback(Laptop())
    assert found.state == "fix"
    assert "127.0.0.1 does not work" in found.found
    assert "cnnlab export --page" in found.do


def test_without_torch_what_needs_it_is_not_checked(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    missing, processor, page = examine.examine(
        Laptop(),
        [
            ("PyTorch", learning.torch_import),
            ("Processor", learning.processor),
            ("Page", learning.page_numbers),
        ],
    )
    assert (missing.state, missing.found) == ("fix", "not installed")
    assert missing.do == "Install it:\n  pip install torch"
    assert processor.found == page.found == "not checked: it needs PyTorch"


def test_torch_that_cannot_be_loaded_says_what_to_install(monkeypatch):
    class Broken:
        def find_spec(self, name, *_):
            if name == "torch":
                raise ImportError("DLL load failed: vcruntime140.dll")

    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    broken = learning.torch_import(Laptop())
    assert broken.state == "fix"
    assert broken.found == "cannot be imported (DLL load failed: vcruntime140.dll)"
    assert "pip install --force-reinstall torch" in broken.do
    assert "Visual C++" in broken.do


def test_a_network_that_does_not_learn_is_to_fix(monkeypatch):
    monkeypatch.setattr(learning, "try_training", lambda: learning.Trial(2.3, 2.4, 1.0))
    found = learning.training(Laptop())
    assert found.state == "fix"
    assert found.found == "loss 2.30 -> 2.40 in 20 steps: it does not learn"


def test_a_slow_laptop_hears_what_to_train_instead(monkeypatch):
    monkeypatch.setattr(learning, "try_training", lambda: learning.Trial(2.3, 0.1, 40.0))
    found = learning.training(Laptop())
    assert found.state == "warn"
    assert "an epoch takes about 40 s here, --recipe sprint about 160 s" in found.found
    assert "--recipe sprint --epochs 2" in found.do


def test_a_network_learns_here_in_twenty_steps():
    trial = learning.try_training()
    assert trial.loss_after < 1 < trial.loss_before
    assert trial.epoch_seconds > 0


def test_the_numbers_of_the_page_are_those_of_torch(monkeypatch):
    assert learning.page_numbers(Laptop()).found == "32 images: the numbers are PyTorch's"


def test_other_versions_than_the_tested_ones_are_named(monkeypatch):
    monkeypatch.setattr(surroundings, "tested_versions", lambda: {"numpy": "0.9"})
    found = surroundings.versions(Laptop())
    assert found.state == "warn"
    assert "(tested: 0.9)" in found.found


def test_data_that_is_missing_says_where_it_comes_from(monkeypatch):
    monkeypatch.setattr(surroundings, "_SECONDS", 0.2)
    found = surroundings.data(Laptop(environment={"https_proxy": "http://proxy:80"}))
    assert found.state == "warn"
    assert found.found == "Fashion-MNIST missing, MNIST missing"
    assert "cnnlab data get fashion-mnist" in found.do
    assert "cnnlab data get mnist" in found.do
    assert "through the proxy that your environment names" in found.do
    assert "--dataset fashion-mnist-sample" in found.do


def test_a_damaged_data_file_is_to_fix(monkeypatch, tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte").write_bytes(b"\0" * 100)
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    monkeypatch.setattr(surroundings, "_can_reach", lambda *_: "from the internet")
    found = surroundings.data(Laptop())
    assert found.state == "fix"
    assert "Fashion-MNIST damaged" in found.found
    assert found.do.startswith("Delete the damaged files.")


def test_a_kernel_of_another_python_is_a_warning(monkeypatch, tmp_path):
    kernel = tmp_path / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps({"argv": [str(tmp_path / "other" / "python")]}))
    monkeypatch.setattr(surroundings.importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(surroundings.sys, "prefix", str(tmp_path))
    found = surroundings.notebook(Laptop())
    assert (found.state, found.found) == ("warn", "the kernel points to another Python")
    kernel.write_text(json.dumps({"argv": [sys.executable]}))
    assert surroundings.notebook(Laptop()).state == "ok"


def test_jupyter_in_another_environment_is_a_warning(monkeypatch):
    monkeypatch.setattr(surroundings.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(surroundings.shutil, "which", lambda _: "/opt/jupyter")
    assert "in another environment than cnnlab" in surroundings.notebook(Laptop()).found
    monkeypatch.setattr(surroundings.shutil, "which", lambda _: None)
    assert surroundings.notebook(Laptop()).state == "ok"


VM_STAT = """Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                               10000.
Pages active:                            400000.
Pages inactive:                           20000.
Pages speculative:                         5000.
Pages throttled:                              0.
Pages purgeable:                           1000.
"""


def test_macos_tells_memory_and_battery_in_its_own_words():
    assert mac_memory(VM_STAT) == 36_000 * 16_384
    assert mac_memory("nothing") is None
    assert mac_battery("Now drawing from 'Battery Power'\n -InternalBattery-0 80%") is True
    assert mac_battery("Now drawing from 'AC Power'\n -InternalBattery-0 80%") is False
    assert mac_battery("Now drawing from 'AC Power'\n") is None


def windows(monkeypatch, **functions):
    """Let this machine be Windows, with those functions of kernel32."""
    library = types.SimpleNamespace(kernel32=types.SimpleNamespace(**functions))
    monkeypatch.setattr(ctypes, "windll", library, raising=False)
    found = Machine()
    found.system = "Windows"
    return found


def test_windows_tells_memory_and_battery_in_its_own_words(monkeypatch):
    def memory(reference):
        assert reference._obj.length == 64  # as Windows wants it
        reference._obj.available = 3_000_000_000
        return 1

    def power(reference):
        reference._obj.mains, reference._obj.battery = 0, 1
        return 1

    def desktop(reference):
        reference._obj.mains, reference._obj.battery = 1, 128
        return 1

    laptop_here = windows(
        monkeypatch,
        GlobalMemoryStatusEx=memory,
        GetSystemPowerStatus=power,
        IsProcessorFeaturePresent=lambda code: code == 40,
    )
    assert laptop_here.free_memory() == 3_000_000_000
    assert laptop_here.is_on_battery() is True
    assert laptop_here.processor_features() == {"avx2"}
    assert windows(monkeypatch, GetSystemPowerStatus=desktop).is_on_battery() is None


def registry(monkeypatch, values):
    """Install a made-up Windows registry."""

    class Key:
        def __init__(self, name):
            if name not in values:
                raise FileNotFoundError(2, name)
            self.values = values[name]

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    made = types.SimpleNamespace(
        HKEY_LOCAL_MACHINE=0,
        HKEY_CURRENT_USER=1,
        OpenKey=lambda _, name: Key(name),
        QueryValueEx=lambda key, name: (key.values[name], 1),
    )
    monkeypatch.setitem(sys.modules, "winreg", made)


def test_windows_tells_long_paths_and_the_browser_by_its_registry(monkeypatch):
    here = windows(monkeypatch)
    registry(monkeypatch, {})
    assert here.allows_long_paths() is False
    assert here.browser() == ""
    choice = r"Software\Microsoft\Windows\Shell\Associations\UrlAssociations\http\UserChoice"
    registry(
        monkeypatch,
        {
            r"SYSTEM\CurrentControlSet\Control\FileSystem": {"LongPathsEnabled": 1},
            choice: {"ProgId": "MSEdgeHTM"},
        },
    )
    assert here.allows_long_paths() is True
    assert here.browser() == "MSEdgeHTM"


def test_linux_tells_its_battery(monkeypatch, tmp_path):
    here = Machine()
    here.system = "Linux"
    monkeypatch.setattr(machine, "_SUPPLIES", tmp_path)
    assert here.is_on_battery() is None
    (tmp_path / "BAT0").mkdir()
    (tmp_path / "BAT0" / "type").write_text("Battery\n")
    (tmp_path / "BAT0" / "status").write_text("Discharging\n")
    assert here.is_on_battery() is True
    (tmp_path / "BAT0" / "status").write_text("Charging\n")
    assert here.is_on_battery() is False


def test_a_check_that_crashes_does_not_stop_the_others():
    broken = Laptop(free_memory=RuntimeError("no such sensor"))
    checks = [("Memory", laptop.memory), ("Disk", laptop.disk)]
    memory, disk = examine.examine(broken, checks)
    assert memory.state == "warn"
    assert memory.found == "this check failed (RuntimeError: no such sensor)"
    assert "The other checks still count" in memory.do
    assert disk.state == "ok"


def test_a_shared_text_has_no_name_and_no_path():
    secret = Check(
        "Folder",
        "fix",
        "this check failed (OSError: /home/ada/runs, C:\\Users\\ada\\x on Analytical-Engine)",
        "Change the folder",
        "/home/ada/work",
    )
    text = examine.shared_text([secret, Check("Disk", "ok", "9.0 GB free at /s")], Laptop())
    assert "ada" not in text.lower()
    assert "analytical" not in text.lower()
    assert "work" not in text
    assert "\\Users" not in text
    assert text.startswith("fix  Folder: this check failed (OSError: ")
    assert "ok   Disk: 9.0 GB free" in text


@pytest.fixture
def few_checks(monkeypatch):
    """Let the command run three checks of a made-up laptop."""
    state = {"memory": 4_000_000_000}
    checks = (("Python", laptop.python), ("Memory", laptop.memory), ("Power", laptop.power))
    monkeypatch.setattr(examine.examine, "__defaults__", (checks,))
    monkeypatch.setattr(
        machine, "Machine", lambda: Laptop(free_memory=state["memory"], is_on_battery=True)
    )
    return state


def test_the_command_prints_a_row_for_each_check(cnnlab, few_checks):
    status, out, _ = cnnlab("doctor")
    assert status == 0
    assert out.splitlines() == [
        "ok    Python        3.12.4, 64 bit",
        "ok    Memory        4.0 GB free",
        "warn  Power         on the battery",
        "                    Plug in the charger: many laptops are slower on the battery.",
        "This laptop is ready. 1 warning: read above.",
    ]


def test_the_command_exits_with_1_if_something_must_be_fixed(cnnlab, few_checks):
    few_checks["memory"] = 10_000_000
    status, out, _ = cnnlab("doctor")
    assert status == 1
    assert out.splitlines()[-1] == "Not ready: fix Memory. Then run the doctor again."
    status, out, _ = cnnlab("doctor", "--json")
    found = json.loads(out)
    assert (status, found["ready"]) == (1, False)
    assert found["checks"][1]["state"] == "fix"
    assert [*found["checks"][0]] == ["name", "state", "found", "do", "where"]
    _, out, _ = cnnlab("doctor", "--share")
    assert out.splitlines()[0] == "ok   Python: 3.12.4, 64 bit"


def test_every_check_gives_one_value_here(monkeypatch):
    """The whole doctor on this machine: nothing crashes, each check has its own name."""
    monkeypatch.setattr(surroundings, "_SECONDS", 0.5)
    checks = [*examine.examine(Machine())]
    assert [each.name for each in checks] == [name for name, _ in examine.CHECKS]
    assert not [each for each in checks if "this check failed" in each.found]


def test_the_address_is_found_without_internet_too(monkeypatch):
    class Socket:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def connect(self, _):
            raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(machine.socket, "socket", lambda *_: Socket())
    names = {"hot-spot": ("", [], ["127.0.1.1", "192.168.43.1"])}
    monkeypatch.setattr(machine.socket, "gethostname", lambda: "hot-spot")
    monkeypatch.setattr(machine.socket, "gethostbyname_ex", names.__getitem__)
    assert Machine().address() == "192.168.43.1"
    names["hot-spot"] = ("", [], ["127.0.1.1"])
    assert Machine().address() == ""
