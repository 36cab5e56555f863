"""One checkout against another: only a checkout is measured, and only its own code."""

import subprocess

import pytest


def test_a_folder_without_cnnlab_is_refused(benchmark, tmp_path):
    with pytest.raises(SystemExit) as stop:
        benchmark("against").main(other=tmp_path)
    assert str(stop.value) == (
        f"{tmp_path} is not a checkout of cnnlab: it has no src/cnnlab. Name its folder: "
        "--other FOLDER. To make one: git worktree add FOLDER COMMIT"
    )


def test_code_from_another_place_is_not_measured(benchmark, tmp_path):
    against, harness = benchmark("against"), benchmark("harness")
    code = harness.HERE.parent / "src"
    with pytest.raises(subprocess.CalledProcessError) as caught:
        harness.fresh(against.warm_epochs, str(tmp_path), 2, environment={"PYTHONPATH": str(code)})
    assert caught.value.__notes__ == [
        f"Python found {code / 'cnnlab' / '__init__.py'} in place of the cnnlab in {tmp_path}.\n"
    ]
