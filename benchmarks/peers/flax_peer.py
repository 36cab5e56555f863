"""JAX and Flax: one compiled step, arrays in memory."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from job import BATCH, EVALUATION_BATCH, MOMENTUM, RATE, Job


class LeNet5(nn.Module):
    """LeNet-5 in JAX's layout: height, width, channels."""

    @nn.compact
    def __call__(self, x):
        for channels in (6, 16):
            x = nn.tanh(nn.Conv(channels, (5, 5), padding="VALID")(x))
            x = nn.avg_pool(x, (2, 2), (2, 2))
        x = x.reshape(len(x), -1)
        for width in (120, 84):
            x = nn.tanh(nn.Dense(width)(x))
        return nn.Dense(10)(x)


def parameters_of(weights):
    """Return PyTorch's weights in Flax's layouts and names."""
    found = {}
    for number, layer in enumerate(("features.0", "features.3")):
        kernel = weights[f"{layer}.weight"].transpose(2, 3, 1, 0)
        found[f"Conv_{number}"] = {"kernel": kernel, "bias": weights[f"{layer}.bias"]}
    for number, layer in enumerate(("classifier.0", "classifier.2", "classifier.4")):
        kernel = weights[f"{layer}.weight"].T
        if not number:  # PyTorch flattens channels first
            kernel = kernel.reshape(16, 5, 5, 120).transpose(1, 2, 0, 3).reshape(400, 120)
        found[f"Dense_{number}"] = {"kernel": kernel, "bias": weights[f"{layer}.bias"]}
    return {"params": jax.tree.map(jnp.asarray, found)}


def main() -> None:
    """Run the job."""
    job, model, optimizer = Job(), LeNet5(), optax.sgd(RATE, MOMENTUM)
    images, labels = (job.array(f"train_{kind}") for kind in ("images", "labels"))
    images = images.transpose(0, 2, 3, 1)
    held = job.array("validation_images").transpose(0, 2, 3, 1)
    held_labels = job.array("validation_labels")
    parameters = parameters_of(job.weights())
    state = optimizer.init(parameters)

    def loss_of(parameters, x, y):
        logits = model.apply(parameters, x)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    @jax.jit
    def step(parameters, state, x, y):
        loss, gradient = jax.value_and_grad(loss_of)(parameters, x, y)
        change, state = optimizer.update(gradient, state)
        return optax.apply_updates(parameters, change), state, loss

    @jax.jit
    def right(parameters, x, y):
        return (model.apply(parameters, x).argmax(1) == y).sum()

    for order in job.array("orders")[: job.epochs]:
        job.start()
        for at in range(0, len(order), BATCH):
            chosen = order[at : at + BATCH]
            parameters, state, loss = step(parameters, state, images[chosen], labels[chosen])
            job.loss(loss) if len(job.losses) < 20 else None
        jax.block_until_ready(parameters)
        job.trained()
        total = sum(
            int(
                right(
                    parameters,
                    held[at : at + EVALUATION_BATCH],
                    held_labels[at : at + EVALUATION_BATCH],
                )
            )
            for at in range(0, len(held), EVALUATION_BATCH)
        )
        job.validated(np.float64(total) / len(held))
    job.report()


main()
