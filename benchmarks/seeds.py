"""Both of the workshop's networks over several seeds: mean and spread of their accuracy.

    python benchmarks/seeds.py --dataset fashion-mnist --seeds 5

Trains each network for 25 epochs of the workshop recipe on each seed, opens the test set
once a run, and writes benchmarks/results/seeds-<data set>.json.
"""

import argparse
import json
import statistics
import tempfile
from dataclasses import asdict
from pathlib import Path

from cnnlab.data.images import load, prepare
from cnnlab.experiments.run import train_run
from cnnlab.training.config import recipe
from cnnlab.training.device import choose_device
from cnnlab.workshop import VARIANTS

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Train, evaluate, write, and print a line a network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="fashion-mnist")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data-dir")
    arguments = parser.parse_args()
    device = choose_device()
    splits = load(arguments.dataset, data_dir=arguments.data_dir)
    train, validation = prepare(splits.train, device), prepare(splits.validation, device)
    runs, about = [], {}
    with tempfile.TemporaryDirectory() as temporary:
        for seed in range(arguments.seeds):
            for model_name in VARIANTS:
                run = train_run(
                    Path(temporary) / f"{model_name}-{seed}",
                    model_name=model_name,
                    recipe_name="workshop",
                    config=recipe("workshop", seed=seed),
                    splits=splits,
                    train=train,
                    validation=validation,
                )
                result, _ = run.open_test_set(splits, device)
                last = run.history()[-1]
                seconds = statistics.median(record.seconds for record in run.history())
                runs.append({"model": model_name, "seed": seed, **asdict(last), **asdict(result)})
                runs[-1]["seconds"] = seconds
                about = {key: run.description[key] for key in ("cnnlab", "device", "versions")}
                print(
                    model_name, seed, f"{result.test_accuracy:.4f}", f"{seconds:.2f} s", flush=True
                )
    path = RESULTS / f"seeds-{splits.data_set.name}.json"
    path.write_text(json.dumps({**about, "runs": runs}, indent=1) + "\n")
    for model_name in VARIANTS:
        own = [run for run in runs if run["model"] == model_name]
        for key in ("validation_loss", "validation_accuracy", "test_loss", "test_accuracy"):
            values = [run[key] for run in own]
            print(
                f"{model_name:16} {key:20} mean {statistics.mean(values):.4f}  standard deviation "
                f"{statistics.stdev(values):.4f}  n {len(values)}"
            )


if __name__ == "__main__":
    main()
