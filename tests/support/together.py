"""Start many runs with the same name at once.

python -m tests.support.together COUNT AT_ONCE FOLDER
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import torch

from cnnlab.runs.run import open_run
from cnnlab.runs.store import free_folder
from tests.support.killing import child
from tests.support.tiny_training import CONFIG, result_of, start


def main(count: int, at_once: int, base: Path) -> None:
    torch.set_num_threads(1)
    start(base / "first")  # compiles the kernels for all
    reading, writing = os.pipe()
    go, ready = os.pipe()

    def work(seed: int) -> None:
        os.read(go, 1)
        folder = free_folder(base / "runs" / "tiny")
        config = replace(CONFIG, seed=seed)
        start(folder, config)
        run, alone = open_run(folder), start(base / f"alone-{seed}", config)
        sound = run.config == config and result_of(run) == result_of(alone)
        os.write(writing, (json.dumps([folder.name, seed, sound]) + "\n").encode())

    failed = 0
    for first in range(0, count, at_once):
        numbers = [child(lambda s=seed: work(s)) for seed in range(first, first + at_once)]
        os.write(ready, b"x" * at_once)
        failed += sum(os.waitpid(number, 0)[1] != 0 for number in numbers)
    os.close(writing)
    with os.fdopen(reading) as lines:
        print(json.dumps({"failed": failed, "runs": [json.loads(line) for line in lines]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
