"""Observe a network: read its file, make it, and try it on a few images; judge nothing."""

import ast
import inspect
import io
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from cnnlab.custom.finding import FaultError
from cnnlab.custom.finite import find_not_finite
from cnnlab.custom.graph import watch_graph
from cnnlab.custom.hidden import find_hidden, hidden_tensors, state_ids
from cnnlab.custom.methods import find_hiding_name
from cnnlab.custom.network import CustomModule, CustomNetwork
from cnnlab.custom.outputs import last_step, range_of_outputs
from cnnlab.custom.probes import (
    Notes,
    TooLargeError,
    preserve_state,
    record_strangers,
    take_notes,
)
from cnnlab.custom.steps import family, train_a_little, trainable
from cnnlab.custom.trial import (
    CallSeen,
    Family,
    ModuleSeen,
    PassSeen,
    Raised,
    SecondSeen,
    Stage,
    Trial,
)
from cnnlab.data.tensors import as_input
from cnnlab.models.layers import Call, Layer, record_calls, tabulate
from cnnlab.seeding import seeded

IMAGES = 4
_TOLERANCE = 1e-4


def made_up_images() -> torch.Tensor:
    """Return images (4, 1, 32, 32) of random grey levels, in [-1, 1] as for training."""
    levels = torch.randint(256, (IMAGES, 1, 32, 32), generator=torch.Generator().manual_seed(0))
    return as_input(levels.to(torch.uint8))


def observe_here(
    source: CustomNetwork, on_stage: Callable[[Stage], None] = lambda _: None
) -> Trial:
    """Read a user's file, make its network, and try it, in this process.

    ``on_stage`` hears what begins. This replaces streams and functions of the process for that
    time, and runs the user's code: `cnnlab.custom.sandbox.observe` does it in a child process.
    """
    trial = Trial(path=source.path, maker=source.maker, text=source.text, classes=source.classes)
    try:
        with _read_again(source), take_notes(source.path) as notes, _quiet(), seeded(0):
            on_stage("reading")
            names = source.read()
            hiding = find_hiding_name(ast.parse(source.text))
            if hiding:
                return replace(trial, stopped=hiding)
            on_stage("making")
            notes.stage = "making"
            torch.manual_seed(0)
            with redirect_stdout(io.StringIO()) as printed:
                network = source()
            on_stage("trying")
            notes.stage, notes.is_first_network = "trying", False
            trial = _Observer(source, network, names, notes, made_up_images()).observe(trial)
    except TooLargeError as error:
        return replace(trial, too_large=error.seen)
    except FaultError as error:
        return replace(trial, stopped=error.finding)
    except Exception as error:  # a mistake of cnnlab's own: the network may train all the same
        return replace(trial, unfinished=Raised.of(error, source.path))
    return replace(
        trial,
        printed=printed.getvalue() + trial.printed,
        top_level_trains=notes.top_level_trains,
        top_level_prints=notes.top_level_prints,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _read_again(source: CustomNetwork) -> Iterator[None]:
    """Let the file run inside the block although this process may have run it, as in a child."""
    name = source.module_name
    before = sys.modules.pop(name, None)
    try:
        yield
    finally:
        sys.modules.pop(name, None)
        sys.modules.update({name: before} if before else {})


@dataclass(frozen=True)
class _Observer:
    """A network that is being tried, where it comes from, and what is noted meanwhile."""

    source: CustomNetwork
    network: nn.Module
    names: CustomModule
    notes: Notes
    images: torch.Tensor

    def observe(self, trial: Trial) -> Trial:
        """Return the trial with all that the network does with images."""
        network = self.network
        # What @torch.no_grad() wraps, for example.
        forward = inspect.unwrap(getattr(type(network), "forward", None))  # type: ignore[arg-type]
        code = getattr(forward, "__code__", None)
        if code and code.co_filename == self.source.path:
            trial = replace(trial, forward_line=code.co_firstlineno)
        if any(is_lazy(each) for each in network.parameters()):
            with torch.no_grad():
                _, training, _ = self._pass(network, self.images)
            return replace(trial, training=training, modules=self._lazy_modules())
        parameters = dict(network.named_parameters())
        trial = replace(
            trial,
            parameters=sum(each.numel() for each in parameters.values()),
            tensors=len(parameters),
            frozen=tuple(name for name, each in parameters.items() if not each.requires_grad),
            not_tensors=tuple(
                (name, type(each).__name__)
                for name, each in network.state_dict().items()
                if not isinstance(each, torch.Tensor)
            ),
        )
        with preserve_state(network):
            trial = self._try(trial)
        steps = trial.steps
        seen = (trial.training, trial.evaluation)
        if (steps and not steps.is_finite) or any(each and not each.is_finite for each in seen):
            with preserve_state(network):
                found = find_not_finite(network, self.images, self.source.classes, self.notes)
            return replace(trial, not_finite=found)
        if steps is None or steps.raised or trial.hidden:
            return trial
        with preserve_state(network):
            outputs = range_of_outputs(network, self.images)
        with preserve_state(network):
            straight, kept = watch_graph(network, self.images)
            draws: dict[Stage, Callable[[], object]] = {
                "making": self._make,
                "trying": lambda: network.train()(self.images),
            }
            seeds = [
                (stage, self.notes.seeds.get(stage))
                for stage, draw in draws.items()
                if self._draw_alike(draw)
            ]
        return replace(
            trial,
            outputs=outputs,
            straight_pairs=straight,
            bytes_per_image=kept // IMAGES,
            reseeded=tuple(seeds),
        )

    def _try(self, trial: Trial) -> Trial:
        """Return the trial with its passes, training steps and second network."""
        network, images, state = self.network, self.images, state_ids(self.network)
        with (
            redirect_stdout(io.StringIO()) as printed,
            record_strangers(network, self.notes) as strangers,
            torch.enable_grad(),
        ):
            logits, training, calls = self._pass(network.train(), images)
        first, evaluation = self._evaluate(network, images)
        trial = replace(trial, training=training, evaluation=evaluation, printed=printed.getvalue())
        if logits is not None and training.is_right:
            hidden = hidden_tensors(logits, state, strangers)
            found = find_hidden(network, hidden, strangers, self.names, self.notes)
            trial = replace(trial, hidden=tuple(found))
        if logits is None or first is None or not trial.works:
            return trial
        _, again = self._evaluate(network, images, first)
        alone = [
            self._evaluate(network, image, row)[1]
            for image, row in zip(images.split(1), first.split(1), strict=True)
        ]
        trial = replace(trial, again=again, alone=tuple(alone), last_step=last_step(logits))
        if trainable(network) and training.has_gradient:
            called = {each.module for each in calls}
            steps, modules = train_a_little(
                network, images, called, self.notes, self.source.classes
            )
            if any(each.missed for each in modules):
                modules = self._missed_twice(modules)
            trial = replace(trial, steps=steps, modules=modules)
        return replace(trial, second=self._try_second())

    def _missed_twice(self, modules: tuple[ModuleSeen, ...]) -> tuple[ModuleSeen, ...]:
        """Return the modules, with the parameters that other weights leave without gradient too.

        A narrow layer before a ReLU may begin with only 0 behind it: that is no mistake.
        """
        try:
            with seeded(1):
                _, others = train_a_little(
                    self._make(), self.images, set(), self.notes, self.source.classes
                )
        except FaultError:
            return modules
        missed = {each.name: each.missed for each in others}
        return tuple(
            replace(
                each,
                missed=tuple(part for part in each.missed if part in missed.get(each.name, ())),
            )
            for each in modules
        )

    def _pass(
        self, network: nn.Module, images: torch.Tensor
    ) -> tuple[torch.Tensor | None, PassSeen, list[Call]]:
        """Pass images (N, 1, 32, 32) through a network; return its output, if it is a tensor."""
        given = images.clone()
        output, raised = None, None
        with record_calls(network) as calls:
            try:
                output = network(given)
            except (Exception, SystemExit) as error:
                raised = Raised.of(error, self.source.path)
        logits = output if isinstance(output, torch.Tensor) else None
        rows = iter(tabulate(calls, len(images)))
        seen = PassSeen(
            images=len(images),
            classes=self.source.classes,
            calls=tuple(self._seen(each, next(rows) if each.is_done else None) for each in calls),
            raised=raised,
            output_type=type(output).__name__,
            output_shape=None if logits is None else tuple(logits.shape),
            is_finite=logits is None or bool(logits.isfinite().all()),
            has_gradient=logits is not None and logits.requires_grad,
            changed_its_input=not torch.equal(given, images),
        )
        return logits, seen, calls

    @torch.inference_mode()
    def _evaluate(
        self, network: nn.Module, images: torch.Tensor, expected: torch.Tensor | None = None
    ) -> tuple[torch.Tensor | None, PassSeen]:
        """Pass images through a network as in validation; compare with what is expected."""
        logits, seen, _ = self._pass(network.eval(), images)
        if expected is not None:
            seen = replace(seen, differs=not seen.is_right or _differ(expected, logits))
        return logits, seen

    def _seen(self, call: Call, row: Layer | None) -> CallSeen:
        kind, module = family(call.module), call.module
        takes, makes = _SIZES.get(kind, ("", ""))
        size = getattr(module, "kernel_size", 1)
        if isinstance(size, int):
            size = (size,) * len(call.input_shape[2:])
        seen = CallSeen(
            name=call.name,
            kind=call.kind,
            family=kind,
            takes=getattr(module, takes, 0),
            makes=getattr(module, makes, 0),
            kernel=size if isinstance(size, tuple) else (),
            has_bias=getattr(module, "bias", None) is not None,
            line=self.notes.lines.get(module),
            input_shape=call.input_shape,
            is_done=call.is_done,
            is_finite=call.is_finite,
        )
        return (
            seen
            if row is None
            else replace(
                seen,
                output_shape=row.output_shape,
                parameters=row.parameters,
                multiply_accumulates=row.multiply_accumulates,
            )
        )

    def _make(self) -> nn.Module:
        """Return another network of the same kind."""
        self.notes.stage = "making"
        try:
            return self.source()
        finally:
            self.notes.stage = "trying"

    def _try_second(self) -> SecondSeen:
        """Return what a second network does with the saved weights of the first."""
        logits, _ = self._evaluate(self.network, self.images)
        if logits is None:
            return SecondSeen()
        try:
            with seeded(1):
                other = self._make()
        except FaultError as error:
            return SecondSeen(refused=error.finding)
        try:
            other.load_state_dict(self.network.state_dict())
        except Exception as error:  # a network may have its own code for loading
            return SecondSeen(loading=Raised.of(error, self.source.path))
        _, answer = self._evaluate(other, self.images, logits)
        attribute = self._differing_attribute() if answer.is_right and answer.differs else ""
        return SecondSeen(answer=answer, attribute=attribute)

    def _differing_attribute(self) -> str:
        """Return the name of a plain tensor that is another in each network, if there is one."""
        # Two networks without a pass: they cannot differ by what forward keeps.
        with seeded(0):
            one = self._make()
        with seeded(1):
            others = dict(self._make().named_modules())
        for name, module in one.named_modules():
            for attribute, value in vars(module).items():
                twin = getattr(others.get(name), attribute, None)
                if isinstance(value, torch.Tensor) and not _are_equal(value, twin):
                    return f"{name}.{attribute}".lstrip(".")
        return ""

    def _draw_alike(self, draw: Callable[[], object]) -> bool:
        """Return whether two seeds leave PyTorch's generator in the same state after a call."""
        states = []
        for seed in (1, 2):
            with seeded(seed):
                try:
                    draw()
                except (Exception, SystemExit):
                    return False
                states.append(torch.get_rng_state())
        return torch.equal(*states)

    def _lazy_modules(self) -> tuple[ModuleSeen, ...]:
        return tuple(
            ModuleSeen(name, type(module).__name__, line=self.notes.lines.get(module), is_lazy=True)
            for name, module in self.network.named_modules()
            if any(is_lazy(each) for each in module.parameters(recurse=False))
        )


_SIZES: dict[Family, tuple[str, str]] = {
    "linear": ("in_features", "out_features"),
    "convolution": ("in_channels", "out_channels"),
    "normalised rows": ("num_features", "num_features"),
    "normalised maps": ("num_features", "num_features"),
}
"""The attributes that tell what a layer takes and makes."""


def _differ(logits: torch.Tensor, others: torch.Tensor | None) -> bool:
    """Return whether logits differ by more than rounding, or there are no others."""
    if others is None:
        return True
    largest = max(1.0, float(logits.abs().max()))
    return float((logits - others).abs().max()) > _TOLERANCE * largest


def _are_equal(value: torch.Tensor, twin: object) -> bool:
    return (
        isinstance(twin, torch.Tensor)
        and value.shape == twin.shape
        and bool(torch.isclose(value, twin, rtol=0, atol=0, equal_nan=True).all())
    )
