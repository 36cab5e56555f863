"""The check of a network of your own: tried in a process of its own, then judged."""

from collections.abc import Callable
from dataclasses import dataclass

from cnnlab.custom import sandbox
from cnnlab.custom.finding import Finding
from cnnlab.custom.network import CustomNetwork
from cnnlab.custom.rules import judge
from cnnlab.custom.size import BATCH, bytes_of_batch
from cnnlab.custom.trial import Trial
from cnnlab.models.layers import Layer


@dataclass(frozen=True)
class CheckReport:
    """What a check found out: the layers, their costs for one image, and the findings.

    If a pass fails, ``layers`` holds the layers before the failure. The findings that stop training
    come first. ``printed`` is what the network printed while it was made and in one pass;
    ``bytes_per_image`` is what a training pass keeps of an image for the backward pass; ``files``
    are other files that the network needs, and each run keeps; ``engine`` says which layers run
    how on this processor.
    """

    name: str
    layers: tuple[Layer, ...] = ()
    parameters: int = 0
    multiply_accumulates: int = 0
    findings: tuple[Finding, ...] = ()
    printed: str = ""
    bytes_per_image: int = 0
    files: tuple[str, ...] = ()
    engine: str = ""

    @property
    def memory(self) -> str:
        """What training in batches of 512 images needs, for people; empty if it is not known."""
        if not self.bytes_per_image:
            return ""
        megabytes = bytes_of_batch(self.parameters, self.bytes_per_image) / 1e6
        amount = f"{megabytes / 1e3:,.1f} GB" if megabytes >= 1000 else f"{megabytes:,.0f} MB"
        return f"Training in batches of {BATCH} images needs about {amount} of memory."

    @property
    def is_sound(self) -> bool:
        """Whether no finding stops or spoils training."""
        return all(each.effect == "none" for each in self.findings)


def examine(source: CustomNetwork, notify: Callable[[str], None] = lambda _: None) -> CheckReport:
    """Try a user's network and judge it; print nothing, and change nothing of this process.

    If that takes long, a message goes to ``notify``.
    """
    name = f"{source.path}:{source.class_name}"

    def on_waiting(activity: str) -> None:
        notify(
            f"Waiting for {name}: cnnlab is {activity}. It stops after "
            f"{sandbox.TIME_LIMIT_SECONDS:g} s."
        )

    trial = sandbox.observe(source, on_waiting=on_waiting)
    layers = _layers(trial)
    return CheckReport(
        name=name,
        layers=layers,
        parameters=trial.parameters,
        multiply_accumulates=sum(each.multiply_accumulates for each in layers),
        findings=judge(trial),
        printed=trial.printed,
        bytes_per_image=trial.bytes_per_image,
        files=tuple(name for name, _ in source.files),
        engine=trial.steps.engine if trial.steps else "",
    )


def _layers(trial: Trial) -> tuple[Layer, ...]:
    """Return the table of layers, of the mode that works; up to the failure if both fail."""
    seen = trial.evaluation
    if seen is None or not seen.is_right:
        seen = trial.training
    return tuple(
        Layer(each.name, each.kind, each.output_shape, each.parameters, each.multiply_accumulates)
        for each in (seen.calls if seen else ())
        if each.is_done
    )
