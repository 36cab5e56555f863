"""Every file, damaged in every way: a clear message or a good file; no code run, no hang."""

import random
import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from cnnlab.custom.find import find_network
from cnnlab.custom.network import read_custom
from cnnlab.data.catalog import DATA_SETS
from cnnlab.data.own.load import load
from cnnlab.data.pictures.normalise import read_picture
from cnnlab.errors import DivergedError, RunError
from cnnlab.experiments.comparison import open_comparison
from cnnlab.experiments.variants import read_variants
from cnnlab.runs.evaluation import compute_logits, load_model, open_test_set, read_test_result
from cnnlab.runs.job import Job
from cnnlab.runs.run import open_run
from cnnlab.runs.tensors import load_tensors
from cnnlab.runs.train import train_run
from cnnlab.views.comparison_page import comparison_report
from cnnlab.views.run_facts import run_facts
from cnnlab.views.sentences import tell
from tests.support import damage
from tests.support.tiny_training import (
    CONFIG,
    CPU,
    PREPARED,
    SPLITS,
    TRAIN,
    finish,
    how_many,
    result_of,
    start,
)
from tests.support.watched import try_once

IMAGES = TRAIN.images[:2]


def go_through(path, ways, read, count):
    """Damage a file again and again, read it each time, and restore it at the end."""
    honest, chance = path.read_bytes(), random.Random(path.name)
    endings, wrong = Counter(), []
    every = damage.ACCIDENTS + ways * (len(damage.ACCIDENTS) // len(ways))
    try_once(read, 10**9)  # what the first reading loads is none of the damage's memory
    for number in range(count):
        way = every[number % len(every)]
        content = way(honest, chance)
        path.write_bytes(content)
        ending, fault = try_once(read, len(honest))
        endings[ending] += 1
        if fault:
            wrong.append((way.__name__, number, content[:200], fault))
    path.write_bytes(honest)
    print(f"\n{path.name}: {count} tries, {dict(endings)}, {len(wrong)} wrong")
    kinds = {fault[-300:]: (way, number, fault) for way, number, _, fault in wrong}
    assert not wrong, "\n".join(f"{w} {n}: {f}" for w, n, f in list(kinds.values())[:5])
    assert endings["refused"] > count / 10


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished run that was evaluated, and a run that was stopped in its third epoch."""
    folder = tmp_path_factory.mktemp("made")
    open_test_set(start(folder / "finished"), SPLITS, CPU)

    def stop(epoch, batch, batches):
        if (epoch, batch) == (3, 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(folder / "stopped", batch=stop)
    (folder / "stopped" / "checkpoint.before.safetensors").unlink()
    return folder


@pytest.fixture
def finished(made, memory):
    return shutil.copytree(made / "finished", memory / "finished")


def copied(folder, copy):
    """Return a copy of a folder, without an earlier copy whose files might replace bad ones."""
    shutil.rmtree(copy, ignore_errors=True)
    return shutil.copytree(folder, copy)


def used_everywhere(folder, weights=None):
    """Use a run in every way; if nothing raises, all values are possible and the weights exact."""
    run = open_run(folder)
    "".join(map(str, run_facts(run)))
    history = run.history()
    assert [record.epoch for record in history] == list(range(1, len(history) + 1))
    for record in history:
        assert 0 <= record.validation_accuracy <= 1
        f"{record.train_loss:.4f} {record.seconds:.1f} {record.learning_rate:g}"
    result = read_test_result(run)
    if result is not None:
        assert 0 <= result.test_accuracy <= 1
        assert result.test_openings >= 0
        f"{result.test_loss:.4f}"
    model = load_model(run, CPU)
    fresh = find_network(run.model_name).build(0).state_dict()
    for name, tensor in model.state_dict().items():
        assert (tensor.shape, tensor.dtype) == (fresh[name].shape, fresh[name].dtype)
        assert weights is None or torch.equal(tensor, weights[name])
    assert compute_logits(run, IMAGES).shape == (2, 10)
    return "sound"


@pytest.mark.parametrize(
    ("name", "way", "long"),
    [
        ("config.json", damage.hostile_json, 10_000),
        ("metrics.jsonl", damage.hostile_lines, 10_000),
        ("evaluation.json", damage.hostile_json, 10_000),
        ("model.safetensors", damage.hostile_tensors, 10_000),
    ],
)
def test_a_file_of_a_run(finished, name, way, long):
    weights = load_model(open_run(finished), CPU).state_dict()

    def read():
        return used_everywhere(finished, weights)

    go_through(finished / name, (way,), read, how_many(500, long))


@pytest.mark.parametrize("name", ["model.safetensors", "checkpoint.safetensors"])
def test_a_changed_byte_of_a_tensor_is_refused(finished, name):
    path, chance = finished / name, random.Random(name)
    honest = path.read_bytes()
    first = 8 + int.from_bytes(honest[:8], "little")
    count = how_many(500, 10_000)
    for _ in range(count):
        content = bytearray(honest)
        for at in chance.choices(range(first, len(honest)), k=chance.choice([1, 1, 2, 8])):
            content[at] = chance.choice([other for other in range(256) if other != honest[at]])
        path.write_bytes(content)
        with pytest.raises(RunError, match=f"{name} is damaged: its contents do not match"):
            load_tensors(path)
    print(f"\n{name}: {count} times with other bytes in its tensors, all refused")


def test_a_checkpoint(made, memory, whole):
    """A checkpoint that is not refused resumes bit-identical, unless its checksum is missing."""
    stopped = shutil.copytree(made / "stopped", memory / "stopped")

    path = stopped / "checkpoint.safetensors"

    def read():
        again = copied(stopped, memory / "again")
        try:
            result = result_of(finish(again))
        except DivergedError:
            return "diverged"
        if b'\\"sha256\\"' in path.read_bytes():
            assert result == whole
        return used_everywhere(again)

    go_through(path, (damage.hostile_tensors,), read, how_many(500, 10_000))


def test_a_config_of_a_resumed_run(made, memory):
    stopped = shutil.copytree(made / "stopped", memory / "stopped")

    def read():
        if open_run(stopped).config.epochs > 10:  # sound, and would train for long
            return "sound"
        again = copied(stopped, memory / "again")
        try:
            assert finish(again).status == "finished"
        except DivergedError:
            return "diverged"
        return "sound"

    go_through(stopped / "config.json", (damage.hostile_json,), read, how_many(100, 10_000))


def test_a_plan_of_a_comparison(memory):
    settings = {"epochs": 1, "batch_size": 120}
    variants = read_variants(["lenet5", "lenet5-relu-max"], "workshop", settings)
    folder = memory / "comparison"
    with open_comparison(folder, variants, SPLITS, 1) as comparison:
        comparison.train(1, PREPARED, processes=1)

    def read():
        with open_comparison(folder, variants, SPLITS, 1) as comparison:
            results = comparison.look(1, PREPARED, "validation", 0.1)
            comparison_report(results, tell(results), comparison, "cnnlab compare")
        return "sound"

    go_through(folder / "comparison.json", (damage.hostile_json,), read, how_many(500, 10_000))


def test_a_file_of_a_variant(memory, monkeypatch):
    monkeypatch.chdir(memory)
    path = memory / "variant.toml"
    path.write_text(
        'model = "lenet5"\nrecipe = "best"\nepochs = 3\nlearning_rate = 0.01\n'
        'schedule = "constant"\nmomentum = 0.5\n'
    )

    def read():
        variant, _ = read_variants(["variant.toml", "lenet5-relu-max"], "workshop", {})
        assert replace(variant.config) == variant.config
        return "sound"

    go_through(path, (damage.hostile_toml,), read, how_many(500, 10_000))


SOURCE = '''
from pathlib import Path
from torch import nn
Path("canary").touch()
class Net(nn.Module):
    """A network, und ihre Größe."""
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(1024, 10)
    def forward(self, images):
        return self.last(images.flatten(1))
'''


def test_the_code_of_an_own_network(memory, monkeypatch):
    monkeypatch.chdir(memory)
    (memory / "mine.py").write_text(SOURCE, encoding="utf-8")
    folder = memory / "run"
    config = replace(CONFIG, epochs=1)
    train_run(folder, Job(find_network("mine.py:Net"), "best", config, SPLITS.data_set), PREPARED)
    canary = memory / "canary"
    assert canary.exists()
    canary.unlink()
    (memory / "mine.py").unlink()  # the user's own file, while it is the same, needs no trust
    path = folder / "source.py"

    def read():
        try:
            read_custom(f"{path}:Net")  # only reads
            network = open_run(folder, trust=True).network
            assert network.source.text == SOURCE  # nothing but the code that was trained
            return "sound"
        finally:
            assert not canary.exists(), "code was run"

    go_through(path, (damage.hostile_source,), read, how_many(500, 10_000))

    def untrusted():
        try:
            load_model(open_run(folder), CPU)
            raise AssertionError("code was run without trust")
        finally:
            assert not canary.exists(), "code was run"

    go_through(path, (damage.hostile_source,), untrusted, how_many(100, 10_000))
    config = folder / "config.json"
    go_through(
        config, (damage.hostile_json,), untrusted_config(folder, canary), how_many(100, 10_000)
    )


def untrusted_config(folder, canary):
    def read():
        run = open_run(folder)
        try:
            _ = run.network
            return "sound"  # of a name of cnnlab's own
        finally:
            assert not canary.exists(), "code was run"

    return read


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_of_a_data_set(tiny, tiny_folder, packed):
    data_set, contents = tiny
    assert DATA_SETS["tiny"] is data_set
    raw = tiny_folder / data_set.folder / "raw"
    path = raw / "train-images-idx3-ubyte.gz"
    if not packed:
        path.unlink()
        path = path.with_suffix("")
        path.write_bytes(contents[path.name])
    whole = load("tiny", offline=True, notify=lambda _: None)

    def read():
        splits = load("tiny", offline=True, notify=lambda _: None)
        assert np.array_equal(splits.stored.images, whole.stored.images)
        return "sound"

    go_through(path, (damage.hostile_idx,), read, how_many(500, 10_000))


@pytest.mark.parametrize("name", ["fashion-mnist", "mnist"])
def test_a_picture(memory, name):
    path = memory / "picture.png"
    image = np.full((60, 60, 3), 250, np.uint8)
    image[10:50, 25:32] = (10, 40, 90)
    Image.fromarray(image).save(path)

    def read():
        picture = read_picture(path, DATA_SETS[name])
        assert picture.image.shape == (28, 28)
        assert picture.image.dtype == np.uint8
        return "sound"

    go_through(path, (damage.hostile_png,), read, how_many(250, 10_000))
