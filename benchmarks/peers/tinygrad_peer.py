"""tinygrad: one captured step, arrays in memory, its own CPU compiler."""

from job import BATCH, EVALUATION_BATCH, MOMENTUM, RATE, Job
from tinygrad import Tensor, TinyJit
from tinygrad.helpers import Context
from tinygrad.nn import Conv2d, Linear
from tinygrad.nn.optim import SGD


class LeNet5:
    """LeNet-5 with PyTorch's weights."""

    def __init__(self, weights):
        self.layers = {
            "features.0": Conv2d(1, 6, 5),
            "features.3": Conv2d(6, 16, 5),
            "classifier.0": Linear(400, 120),
            "classifier.2": Linear(120, 84),
            "classifier.4": Linear(84, 10),
        }
        for name, layer in self.layers.items():
            layer.weight = Tensor(weights[f"{name}.weight"]).contiguous().realize()
            layer.bias = Tensor(weights[f"{name}.bias"]).contiguous().realize()

    def parameters(self):
        return [p for layer in self.layers.values() for p in (layer.weight, layer.bias)]

    def __call__(self, x):
        first, second, *dense = self.layers.values()
        x = first(x).tanh().avg_pool2d(2)
        x = second(x).tanh().avg_pool2d(2).flatten(1)
        for layer in dense[:2]:
            x = layer(x).tanh()
        return dense[2](x)


def main() -> None:
    """Run the job; the step is captured once for each size of batch."""
    job = Job()
    model = LeNet5(job.weights())
    optimizer = SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    images, labels = job.array("train_images"), job.array("train_labels")
    held, held_labels = job.array("validation_images"), job.array("validation_labels")

    def step(x, y):
        optimizer.zero_grad()
        loss = model(x).sparse_categorical_crossentropy(y)
        loss.backward()
        return loss.realize(*optimizer.schedule_step())

    def right(x, y):
        return (model(x).argmax(1) == y).sum().realize()

    sizes = {min(BATCH, len(images) - at) for at in range(0, len(images), BATCH)}
    steps = {size: TinyJit(step) for size in sizes}
    sizes = {min(EVALUATION_BATCH, len(held) - at) for at in range(0, len(held), EVALUATION_BATCH)}
    rights = {size: TinyJit(right) for size in sizes}

    for order in job.array("orders")[: job.epochs]:
        job.start()
        with Context(TRAINING=1):
            for at in range(0, len(order), BATCH):
                chosen = order[at : at + BATCH]
                x, y = Tensor(images[chosen]).realize(), Tensor(labels[chosen]).realize()
                loss = steps[len(chosen)](x, y)
                job.loss(loss.item()) if len(job.losses) < 20 else None
            loss.item()
        job.trained()
        total = 0
        for at in range(0, len(held), EVALUATION_BATCH):
            x = Tensor(held[at : at + EVALUATION_BATCH]).realize()
            y = Tensor(held_labels[at : at + EVALUATION_BATCH]).realize()
            total += rights[len(y)](x, y).item()
        job.validated(total / len(held))
    job.report()


main()
