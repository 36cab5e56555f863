import pytest

from cnnlab.data.catalog import DATA_SETS
from cnnlab.errors import ConfigError, ModelError
from cnnlab.experiments.variants import folder_name, read_variants


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(name, text):
        (tmp_path / name).write_text(text)
        return name

    return call


def test_a_models_name_gets_the_recipe_and_the_changes():
    first, second = read_variants(["lenet5", "lenet5-relu-max"], "sprint", {"epochs": 2})
    assert (first.name, second.name) == ("lenet5", "lenet5-relu-max")
    assert first.config.epochs == second.config.epochs == 2
    assert first.config.optimizer == "adamw"
    assert [first.settings(seed).seed for seed in (0, 3)] == [0, 3]


def test_a_file_changes_model_recipe_and_settings(write):
    name = write(
        "fast.toml", 'model = "lenet5-relu-max"\nrecipe = "sprint"\nlearning_rate = 0.01\n'
    )
    _, variant = read_variants(["lenet5", name], "workshop", {"batch_size": 64, "epochs": 3})
    assert (variant.name, variant.recipe_name) == ("fast", "sprint")
    assert variant.network.name == "lenet5-relu-max"
    assert variant.config.learning_rate == 0.01
    assert (variant.config.batch_size, variant.config.epochs) == (64, 3)
    assert variant.config.schedule == "one-cycle"


def test_again_is_the_same_variant_on_other_seeds():
    first, second = read_variants(["lenet5"], "sprint", {}, again=True)
    assert second.name == "lenet5 (again)"
    assert first.config == second.config
    seeds = {v.settings(seed).seed for v in (first, second) for seed in range(100)}
    assert len(seeds) == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "lerning_rate = 0.1",
            "a.toml: There is no setting 'lerning_rate'. Did you mean 'learning_r",
        ),
        ("epochs = 2.5", r"a.toml: epochs is 2.5; expected a whole number"),
        (
            'batch_size = "64"',
            "a.toml: batch_size is '64'; expected a whole number, without quotes",
        ),
        ("learning_rate = nan", "a.toml: learning_rate is nan; expected a finite number"),
        ("epochs = 0", "a.toml: epochs is 0; it must be 1 or more"),
        ("seed = 3", "a.toml sets a seed, but a comparison sets the seeds itself"),
        ("model = 3", "a.toml: model is 3; expected a name in quotes"),
        ('recipe = "sprnt"', "a.toml: There is no recipe 'sprnt'. Did you mean 'sprint'"),
        ("epochs = ", "a.toml is not valid TOML: Invalid value"),
        ("[optimizer]\nname = 'sgd'", "a.toml: optimizer is {'name': 'sgd'}; expected one of sgd"),
        ("model = 'lenet5'", "lenet5 and a are the same: any difference would be chance"),
    ],
)
def test_a_file_that_is_wrong_says_where(write, text, message):
    with pytest.raises(ConfigError, match=message):
        read_variants(["lenet5", write("a.toml", text)], "workshop", {})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lenet5"], "needs two or more variants.*cnnlab compare lenet5 --again"),
        (["lenet5", "lenet5"], "lenet5 and lenet5 are the same"),
        (["lenet5", "gone.toml"], r"Cannot read gone.toml \(No such file or directory\)"),
    ],
)
def test_variants_that_cannot_be_compared_are_named(words, message, write):
    with pytest.raises(ConfigError, match=message):
        read_variants(words, "workshop", {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 'x'", "a.toml: There is no setting 'name'"),
        (f"epochs = {'9' * 400}", "a.toml: epochs is 9.*"),
    ],
)
def test_odd_settings_are_refused_without_a_crash(write, text, message):
    with pytest.raises(ConfigError, match=message):
        read_variants(["lenet5", write("a.toml", text)], "workshop", {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = lenet5", 'line 1: put quotes around lenet5:\n  model = "lenet5"'),
        (
            "epochs = 5\nmodel = nets/mine.py:Net # mine",
            'line 2: put quotes around nets/mine.py:Net:\n  model = "nets/mine.py:Net"',
        ),
        ("schedule = one-cycle", 'put quotes around one-cycle:\n  schedule = "one-cycle"'),
        ("learning_rate = 0,05", "write 0.05, with a point:\n  learning_rate = 0.05"),
        ("momentum = ,9", "write 0.9, with a point"),
        ("momentum = .9", "write 0.9, with a point"),
        ("learning rate = 0.05", "write learning_rate, with _:\n  learning_rate = 0.05"),
        (
            "\n\nLearning rate: 0,05;",
            "line 3: write learning_rate, with _; write = instead of :; delete the ; at the end; "
            "write 0.05, with a point:\n  learning_rate = 0.05",
        ),
        ("epochs: 5", "line 1: write = instead of ::\n  epochs = 5"),
        ("epochs = 5,", "delete the , at the end:\n  epochs = 5"),
        ("model = \u201clenet5\u201d", 'write straight quotes:\n  model = "lenet5"'),
    ],
)
def test_toml_as_people_write_it_is_answered_with_the_line_to_write(write, text, message):
    with pytest.raises(ConfigError) as error:
        read_variants(["lenet5", write("a.toml", text)], "workshop", {})
    assert "a.toml, line" in str(error.value)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr = 0.05", "There is no setting 'lr'. Did you mean 'learning_rate'?"),
        ("learning-rate = 0.05", "Did you mean 'learning_rate'?"),
        ("Epoch = 5", "Did you mean 'epochs'?"),
        ("optimiser = 'sgd'", "Did you mean 'optimizer'?"),
        ("recipe = 'fast'", "There is no recipe 'fast'. Did you mean 'sprint'?"),
        ("learning_rate = '0.05'", "expected a number, without quotes."),
    ],
)
def test_a_setting_by_another_name_is_understood(write, text, message):
    with pytest.raises(ConfigError) as error:
        read_variants(["lenet5", write("a.toml", text)], "workshop", {})
    assert message in str(error.value)


def test_a_files_own_network_is_beside_the_file(write, tmp_path):
    (tmp_path / "nets").mkdir()
    write(
        "nets/mine.py",
        "from torch import nn\n"
        "def Net():\n    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))\n",
    )
    word = write("nets/a.toml", "model = 'mine.py:Net'")
    _, variant = read_variants(["lenet5", word], "workshop", {})
    assert variant.network.title == "Net"


def test_the_same_code_under_two_names_is_the_same_variant(write):
    code = (
        "from torch import nn\n"
        "def Net():\n    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))\n"
    )
    words = [f"{write(name, code)}:Net" for name in ("one.py", "two.py")]
    with pytest.raises(ConfigError, match="one-Net and two-Net are the same"):
        read_variants(words, "workshop", {})


@pytest.mark.parametrize(
    ("name", "slug"), [("a$^$b", "a-b"), ("report.html", "report-html"), ("größer", "gr-er")]
)
def test_a_folders_name_works_on_every_system(write, name, slug):
    _, variant = read_variants(["lenet5", write(f"{name}.toml", "epochs = 1")], "workshop", {})
    assert variant.slug == slug


def test_two_files_of_one_name_are_refused(write, tmp_path):
    (tmp_path / "other").mkdir()
    one, two = write("a.toml", "epochs = 1"), write("other/a.toml", "epochs = 2")
    with pytest.raises(ConfigError, match=r"Two different variants have the name a\. Rename one"):
        read_variants([one, two], "workshop", {})


def test_an_unknown_model_is_named(write):
    with pytest.raises(ModelError, match="Did you mean 'lenet5-relu-max'"):
        read_variants(["lenet5", "lenet5-relumax"], "workshop", {})


def test_different_contents_have_different_folders():
    one = read_variants(["lenet5", "lenet5-relu-max"], "workshop", {})
    two = read_variants(["lenet5", "lenet5-relu-max"], "workshop", {"epochs": 3})
    names = {folder_name(each, DATA_SETS["mnist"]) for each in (one, two)}
    assert len(names) == 2
    assert all(name.startswith("compare-mnist-lenet5-vs-lenet5-relu-max-") for name in names)
