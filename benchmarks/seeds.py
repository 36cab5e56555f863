"""Accuracy of recipes and networks over many seeds: mean, deviation, and the mean's lower bound.

    python benchmarks/seeds.py workshop:lenet5 workshop:lenet5-relu-max --seeds 10
    python benchmarks/seeds.py sprint:lenet5-relu-max --seeds 30
    python benchmarks/seeds.py best:vgg6 --dataset mnist --augmentation none --seeds 5

Trains each RECIPE:NETWORK on each seed, a process a core, opens the test set once a network
after its last epoch, and writes benchmarks/results/seeds-<data set>-<recipe>-<network>.json.
--augmentation replaces the recipe's: digits need none.
"""

import statistics
import time

from scipy.stats import t as student

from cnnlab.custom.find import find_network
from cnnlab.data.own.load import load
from cnnlab.data.splits import Splits
from cnnlab.data.tensors import prepare
from cnnlab.experiments.jobs import fit_many
from cnnlab.models.catalog import count_parameters
from cnnlab.runs.job import Job
from cnnlab.training.config import recipe
from cnnlab.training.loop import evaluate
from harness import about, command_line, write_results


def main(
    pairs: list[str],
    *,
    dataset: str = "fashion-mnist",
    seeds: int = 10,
    augmentation: str | None = None,
) -> None:
    """Train, evaluate, write, and print a line for each."""
    splits = load(dataset)
    changes = {"augmentation": augmentation} if augmentation else {}
    for pair in pairs:
        recipe_name, _, model_name = pair.partition(":")
        found = over_seeds(splits, recipe_name, model_name, seeds, changes)
        write_results(f"seeds-{splits.data_set.name}-{recipe_name}-{model_name}", found)
        runs = found["runs"]
        print(
            f"{pair}: {len(runs)} seeds, {len(found['faults'])} that did not finish, "
            f"in {found['seconds']:.0f} s"
        )
        for key in ("validation_accuracy", "test_accuracy"):
            values = [100 * run[key] for run in runs]
            mean, deviation = statistics.mean(values), statistics.stdev(values)
            error = deviation / len(values) ** 0.5
            lower = mean - student.ppf(0.95, len(values) - 1) * error
            print(
                f"  {key:20} mean {mean:.2f} %  standard deviation {deviation:.2f}  "
                f"lower 95 % bound of the mean {lower:.2f} %"
            )


def over_seeds(
    splits: Splits, recipe_name: str, model_name: str, seeds: int, changes: dict[str, str]
) -> dict:
    """Return every run of one network by one recipe, and how they were made."""
    network = find_network(model_name)
    prepared, test = splits.on(), prepare(splits.test)
    configs = [recipe(recipe_name, seed=seed, **changes) for seed in range(seeds)]
    jobs = [Job(network, recipe_name, config, splits.data_set) for config in configs]
    runs, faults = [], []
    start = time.perf_counter()
    for done in fit_many(jobs, prepared):
        seed = jobs[done.place].config.seed
        if done.fault:
            faults.append({"seed": seed, "fault": done.fault})
            continue
        model = network.build(seed=0)
        model.load_state_dict({**done.weights})
        result, last = evaluate(model, test), done.history[-1]
        runs.append(
            {
                "seed": seed,
                "validation_accuracy": last.validation_accuracy,
                "validation_loss": last.validation_loss,
                "test_accuracy": result.accuracy,
                "test_loss": result.loss,
                "seconds": sum(record.seconds for record in done.history),
            }
        )
    seconds = time.perf_counter() - start
    return {
        **about(),
        "recipe": recipe_name,
        **changes,
        "network": model_name,
        "parameters": count_parameters(network.build(seed=0)),
        "seconds": seconds,
        "faults": faults,
        "runs": sorted(runs, key=lambda run: run["seed"]),
    }


if __name__ == "__main__":
    command_line(main)()
