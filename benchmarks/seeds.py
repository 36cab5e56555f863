"""Accuracy of recipes and networks over many seeds: mean, spread, and the mean's lower bound.

    python benchmarks/seeds.py workshop:lenet5 workshop:lenet5-relu-max --seeds 10
    python benchmarks/seeds.py sprint:lenet5-relu-max --seeds 30
    python benchmarks/seeds.py best:vgg6 --dataset mnist --augmentation none --seeds 5

Trains each recipe and network on each seed, a process a core, opens the test set once a network
after its last epoch, and writes benchmarks/results/seeds-<data set>-<recipe>-<network>.json.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch
from scipy.stats import t as student

from about import about
from cnnlab.custom.find import find_network
from cnnlab.data.library import load
from cnnlab.data.tensors import prepare
from cnnlab.experiments.jobs import Training, fit_many
from cnnlab.models.catalog import count_parameters
from cnnlab.training.config import recipe
from cnnlab.training.loop import evaluate

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Train, evaluate, write, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", nargs="+", metavar="RECIPE:NETWORK")
    parser.add_argument("--dataset", default="fashion-mnist")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--augmentation", help="In place of the recipe's: none for digits.")
    parser.add_argument("--data-dir")
    arguments = parser.parse_args()
    changes = {"augmentation": arguments.augmentation} if arguments.augmentation else {}
    splits = load(arguments.dataset, data_dir=arguments.data_dir)
    train, validation, test = (
        prepare(part) for part in (splits.train, splits.validation, splits.test)
    )
    for pair in arguments.pairs:
        recipe_name, _, model_name = pair.partition(":")
        network = find_network(model_name)
        trainings = [
            Training(network.build, recipe(recipe_name, seed=seed, **changes))
            for seed in range(arguments.seeds)
        ]
        runs, faults = [], []
        start = time.perf_counter()
        for done in fit_many(trainings, train, validation):
            if done.fault:
                faults.append({"seed": trainings[done.place].config.seed, "fault": done.fault})
                continue
            model = network.build(seed=0)
            model.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in done.weights.items()})
            result, last = evaluate(model, test), done.history[-1]
            runs.append(
                {
                    "seed": trainings[done.place].config.seed,
                    "validation_accuracy": last.validation_accuracy,
                    "validation_loss": last.validation_loss,
                    "test_accuracy": result.accuracy,
                    "test_loss": result.loss,
                    "seconds": sum(record.seconds for record in done.history),
                }
            )
        runs.sort(key=lambda run: run["seed"])
        seconds = time.perf_counter() - start
        made = {
            **about(),
            "recipe": recipe_name,
            **changes,
            "network": model_name,
            "parameters": count_parameters(network.build(seed=0)),
            "seconds": seconds,
        }
        path = RESULTS / f"seeds-{splits.data_set.name}-{recipe_name}-{model_name}.json"
        path.write_text(json.dumps({**made, "faults": faults, "runs": runs}, indent=1) + "\n")
        print(f"{pair}: {len(runs)} seeds, {len(faults)} that did not finish, in {seconds:.0f} s")
        for key in ("validation_accuracy", "test_accuracy"):
            values = [100 * run[key] for run in runs]
            mean, deviation = statistics.mean(values), statistics.stdev(values)
            error = deviation / len(values) ** 0.5
            lower = mean - student.ppf(0.95, len(values) - 1) * error
            print(
                f"  {key:20} mean {mean:.2f} %  standard deviation {deviation:.2f}  "
                f"lower 95 % bound of the mean {lower:.2f} %"
            )


if __name__ == "__main__":
    main()
