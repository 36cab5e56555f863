"""Checks that a network learns here: PyTorch, the processor, one short run, the page's numbers."""

import json
import lzma
import math
import os
import statistics
import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cnnlab.classroom.doctor.check import Check
from cnnlab.classroom.doctor.machine import Machine
from cnnlab.data.images import ImageSet

STEPS = 20
_WARM_UP = 5  # steps that also compile kernels and fill the caches
_VALIDATION = 1024
_EPOCH_IMAGES, _EPOCH_VALIDATION = 48_000, 12_000
_SLOW_SECONDS = 60.0
_SAME_IMAGES = 32
_BLOCKS, _BLOCK_SECONDS = 8, 0.06


def torch_import(_: Machine) -> Check:
    """Check that PyTorch can be imported."""
    name = "PyTorch"
    start = time.perf_counter()
    try:
        import torch
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "torch":
            return Check(name, "fix", "not installed", "Install it:\n  pip install torch")
        do = (
            "Install it again:\n  pip install --force-reinstall torch\nOn Windows, install the "
            "Microsoft Visual C++ Redistributable (x64) too."
        )
        return Check(name, "fix", f"cannot be imported ({error})", do)
    seconds = time.perf_counter() - start
    return Check(name, "ok", f"{torch.__version__}, imported in {seconds:.1f} s")


def processor(machine: Machine) -> Check:
    """Check the processor's vector instructions, its cores, and the threads that PyTorch uses."""
    import torch

    cores, threads = os.cpu_count() or 1, torch.get_num_threads()
    features = machine.processor_features()
    vector = [each for each in ("avx512f", "avx2", "avx", "asimd") if each in features]
    found = f"{cores} cores, {threads} threads, {vector[0] if vector else 'instructions unknown'}"
    if features and not {"avx2", "asimd"} & features:
        do = "cnnlab works, but slowly. Use --recipe sprint, or a newer laptop."
        return Check("Processor", "warn", f"{found}: no AVX2", do)
    if threads == 1 < cores:
        do = "One thread is slow. Remove the environment variable OMP_NUM_THREADS."
        return Check("Processor", "warn", found, do)
    return Check("Processor", "ok", found)


def steady_speed(_: Machine) -> Check:
    """Check that the processor keeps its speed: half a second of the same work, again and again."""
    import torch

    matrix = torch.ones(256, 256)
    counts = []
    for _block in range(_BLOCKS):
        end, count = time.perf_counter() + _BLOCK_SECONDS, 0
        while time.perf_counter() < end:
            matrix @ matrix
            count += 1
        counts.append(count)
    half = _BLOCKS // 2
    ratio = statistics.median(counts[:half]) / max(1.0, statistics.median(counts[half:]))
    if ratio > 1.5:
        do = "Close other programs, plug in the charger, and let the laptop cool down."
        found = f"became {ratio:.1f} times slower within half a second"
        return Check("Steady speed", "warn", found, do)
    return Check("Steady speed", "ok", "the same after half a second of work")


@dataclass(frozen=True)
class Trial:
    """A short run: the loss before and after, and the seconds of an epoch, extrapolated."""

    loss_before: float
    loss_after: float
    epoch_seconds: float


def try_training() -> Trial:
    """Train 20 steps on images made here, as ``--recipe sprint`` does on 48,000 real ones."""
    from cnnlab.data.tensors import prepare
    from cnnlab.models.catalog import MODELS
    from cnnlab.training.config import recipe
    from cnnlab.training.listener import Listener
    from cnnlab.training.loop import evaluate, fit

    config = recipe("sprint", epochs=1)
    train = prepare(made_images(STEPS * config.batch_size, seed=0))
    validation = prepare(made_images(_VALIDATION, seed=1))
    model = MODELS["lenet5-relu-max"].build(seed=0)
    before = evaluate(model, validation).loss
    times: list[float] = []
    listener = Listener(
        batch=lambda *_: times.append(time.perf_counter()),
        epoch=lambda _: times.append(time.perf_counter()),
    )
    (record,) = fit(model, train, validation, config, listener=listener)
    *batches, end = times
    steps = [later - earlier for earlier, later in pairwise(batches)]
    step = statistics.median(steps[_WARM_UP:])
    epoch = step * math.ceil(_EPOCH_IMAGES / config.batch_size)
    evaluation = (end - batches[-1]) * _EPOCH_VALIDATION / _VALIDATION
    return Trial(before, record.validation_loss, epoch + evaluation)


def made_images(count: int, seed: int) -> ImageSet:
    """Return images that a network learns at once: class k has a bright block at its own place."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    images = random.integers(0, 60, (count, 28, 28), dtype=np.uint8)
    for digit in range(10):
        top, left = 1 + 9 * (digit // 4), 1 + 7 * (digit % 4)
        images[digit::10, top : top + 8, left : left + 6] = 220
    return ImageSet(images, labels, tuple("0123456789"))


def training(_: Machine) -> Check:
    """Check that a network learns in 20 steps, and say how long an epoch takes here."""
    from cnnlab.training.config import RECIPES

    trial = try_training()
    fall = f"loss {trial.loss_before:.2f} -> {trial.loss_after:.2f} in {STEPS} steps"
    if not trial.loss_after < trial.loss_before:
        do = "Install PyTorch again:\n  pip install --force-reinstall torch"
        return Check("Training", "fix", f"{fall}: it does not learn", do)
    sprint = trial.epoch_seconds * RECIPES["sprint"].epochs
    found = (
        f"{fall}; an epoch takes about {_about(trial.epoch_seconds)} here, --recipe sprint about "
        f"{_about(sprint)}"
    )
    if sprint > _SLOW_SECONDS:
        do = "Use --recipe sprint --epochs 2, or the data set fashion-mnist-sample."
        return Check("Training", "warn", found, do)
    return Check("Training", "ok", found)


def _about(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def page_numbers(_: Machine) -> Check:
    """Check that the page's numbers are PyTorch's, for the network that comes with cnnlab."""
    import base64

    import torch

    from cnnlab.data.tensors import as_input, prepare
    from cnnlab.insight.graph import read_graph
    from cnnlab.insight.interpret import check_agreement
    from cnnlab.models.catalog import MODELS
    from cnnlab.playground.bundle import STATIC

    payload = json.loads(lzma.decompress((STATIC / "lenet5.json.xz").read_bytes()))
    graph = read_graph(payload["graph"], base64.b85decode(payload["weights"].replace(",", "<")))
    model = MODELS["lenet5"].build(seed=0)
    tensors = {
        f"{step.layer}.{name}": torch.from_numpy(np.array(graph.tensors[number]))
        for step in graph.steps
        for name, number in step.tensors.items()
    }
    model.load_state_dict(tensors)
    images = as_input(prepare(made_images(_SAME_IMAGES, seed=2)).images)
    with torch.inference_mode():
        logits = model.eval()(images)
    agreement = check_agreement(graph, images.numpy(), logits.numpy())
    return Check("Page", "ok", f"{agreement.images} images: the numbers are PyTorch's")


def gpu(_: Machine) -> Check:
    """Say which device cnnlab uses."""
    from cnnlab.training.device import choose_device, describe_device

    device = choose_device()
    return Check("Device", "ok", describe_device(device))
