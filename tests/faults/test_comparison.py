"""A comparison whose disk is full, or that is cut off, at any step: the verdict is the same."""

import shutil

import pytest

from tests.support.full import full_at, steps_in_turn
from tests.support.power import Disk, wrong
from tests.support.steps import each_step
from tests.support.tiny_comparison import assert_all_count, outcome, train, with_a_failed_run
from tests.support.tiny_training import how_many

SEEDS = how_many(1, 3)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The outcome of a comparison without a disturbance."""
    return outcome(tmp_path_factory.mktemp("compared") / "comparison", SEEDS)


@pytest.fixture
def failed(memory):
    """A comparison with one failed run, which must be replaced."""
    with_a_failed_run(memory / "failed", SEEDS)
    return memory / "failed"


@pytest.mark.parametrize("once", [True, False])
def test_full_at_every_step_in_turn(compared, memory, once):
    for at in steps_in_turn(once):
        folder = memory / f"comparison-{at}"
        with full_at(at, once, folder) as full:
            train(folder, SEEDS)
        if full.count < at:
            break
        assert_all_count(folder)
        assert outcome(folder, SEEDS) == compared, f"step {at}"
        shutil.rmtree(folder)
    print(f"\ndisk full: {full.count} steps of a comparison, {'once' if once else 'for good'}")
    assert at > 60


def test_stopped_at_every_step_of_replacing_a_failed_run(compared, memory, failed):
    class Stop:
        def __init__(self, at):
            self.at, self.names = at, []

        def __call__(self, name, *_):
            self.names.append(name)
            if len(self.names) == self.at:
                raise KeyboardInterrupt

    for at in range(1, 10_000):
        folder, stop = shutil.copytree(failed, memory / f"comparison-{at}"), Stop(at)
        with each_step(stop):
            try:
                train(folder, SEEDS)
            except KeyboardInterrupt:
                assert len(stop.names) >= at
        if len(stop.names) < at:
            break
        assert_all_count(folder)
        assert outcome(folder, SEEDS) == compared, f"step {at}, before {stop.names[-1]}"
        shutil.rmtree(folder)
    print(f"\nstopped: {at - 1} steps of replacing a failed run")
    assert {"unlink", "rmdir", "replace"} <= set(stop.names)


def test_a_power_cut_at_any_step(compared, memory):
    (memory / "disk").mkdir()
    disk, kept, lost = Disk(memory / "disk"), [], []

    def step(name, *arguments):
        before = len(disk.states)
        disk(name, *arguments)
        lost.extend(set(kept) - set(state) for state in disk.states[before:])

    def keep(finished):
        kept.append(str((finished.run.folder / "config.json").relative_to(memory / "disk")))

    with each_step(step):
        train(memory / "disk" / "runs" / "comparison", SEEDS, keep)
    found = disk.distinct()
    print(f"\npower cut: {len(disk.states)} instants, {len(found)} states of a comparison")
    assert len(found) > 15
    assert len(kept) == 2 * SEEDS
    assert not any(lost)

    def check(folder):
        assert_all_count(folder / "runs" / "comparison")
        assert outcome(folder / "runs" / "comparison", SEEDS) == compared

    assert wrong(found, check, memory) == []
