"""Keras over arrays in memory, on the backend that KERAS_BACKEND names."""

import math

import keras
import numpy as np
from job import BATCH, EVALUATION_BATCH, MOMENTUM, RATE, Job


def network(weights):
    """Return LeNet-5 in Keras' layout (height, width, channels) with PyTorch's weights."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Conv2D(6, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(120, activation="tanh"),
            layers.Dense(84, activation="tanh"),
            layers.Dense(10),
        ]
    )
    values = []
    for name in ("features.0", "features.3"):
        values += [weights[f"{name}.weight"].transpose(2, 3, 1, 0), weights[f"{name}.bias"]]
    for name in ("classifier.0", "classifier.2", "classifier.4"):
        kernel = weights[f"{name}.weight"].T
        if name == "classifier.0":  # PyTorch flattens channels first
            kernel = kernel.reshape(16, 5, 5, 120).transpose(1, 2, 0, 3).reshape(400, 120)
        values += [kernel, weights[f"{name}.bias"]]
    model.set_weights(values)
    return model


class Batches(keras.utils.PyDataset):
    """An epoch's batches in the harness's order."""

    def __init__(self, images, labels, orders):
        super().__init__()
        self.images, self.labels, self.orders = images, labels, orders
        self.epoch = 0

    def __len__(self):
        return math.ceil(len(self.images) / BATCH)

    def __getitem__(self, at):
        chosen = self.orders[self.epoch][at * BATCH : (at + 1) * BATCH]
        return self.images[chosen], self.labels[chosen]


class Clock(keras.callbacks.Callback):
    """Marks the epochs, and takes each step's loss out of Keras' running mean."""

    def __init__(self, job, batches):
        super().__init__()
        self.job, self.batches, self.total = job, batches, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.epoch = epoch
        self.job.start()

    def on_train_batch_end(self, batch, logs=None):
        if len(self.job.losses) < 20:
            total = logs["loss"] * (batch + 1)
            self.job.loss(total - self.total)
            self.total = total

    def on_test_begin(self, logs=None):
        self.job.trained()

    def on_epoch_end(self, epoch, logs=None):
        self.job.validated(logs["val_accuracy"])


def main() -> None:
    """Run the job."""
    job = Job()
    arrays = {
        part: (
            np.ascontiguousarray(job.array(f"{part}_images").transpose(0, 2, 3, 1)),
            job.array(f"{part}_labels"),
        )
        for part in ("train", "validation")
    }
    model = network(job.weights())
    model.compile(
        keras.optimizers.SGD(RATE, MOMENTUM),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    batches = Batches(*arrays["train"], job.array("orders"))
    model.fit(
        batches,
        validation_data=arrays["validation"],
        validation_batch_size=EVALUATION_BATCH,
        epochs=job.epochs,
        callbacks=[Clock(job, batches)],
        shuffle=False,
        verbose=0,
    )
    job.report()


main()
