"""From a PyTorch network to its graph, by torch.export: names and lines stay.

torch.export runs the network's own Python once, so it can follow loops over layers and conditions
on shapes, which torch.fx alone cannot; and it writes one name for each operation, however a student
spells it. What it cannot follow, no page could: a decision that depends on the image.
"""

import io
import linecache
import logging
import operator
import re
import sysconfig
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import torch
from torch import fx, nn

from cnnlab.errors import ModelError
from cnnlab.insight.builder import BATCH, Builder, Place, Ref
from cnnlab.insight.graph import Graph, Shape
from cnnlab.insight.interpret import Numbers, check_agreement
from cnnlab.insight.translate import COPIES, OF_ANOTHER_SHAPE, refuse_random, translate

PROOF_IMAGES = 64
"""So many images are enough for the proof that a graph computes what PyTorch computes."""
_OTHERS_CODE = (str(Path(torch.__file__).parent), str(Path(__file__).parent))
_STANDARD_LIBRARY = str(Path(sysconfig.get_paths()["stdlib"]).resolve())
_FRAME = re.compile(r'File "(.+)", line (\d+)')
_DECIDES = re.compile(r"data-dependent|symbolic (int|float|bool)", re.IGNORECASE)


def graph_of(network: nn.Module, images: Numbers) -> Graph:
    """Return the network's graph, after proof that it computes what PyTorch computes.

    ``images`` (N, 1, H, W), floats as the network takes them, are what the proof uses:
    `PROOF_IMAGES` of them. The network stays as it is. Raises `ModelError` if cnnlab cannot show
    the network: it names the line and what to write; and if a logit is not PyTorch's.
    """
    return graphs_of([network], images)[0]


def graphs_of(networks: Sequence[nn.Module], images: Numbers) -> list[Graph]:
    """Return the graphs of networks that differ in their weights only; the first one is traced.

    Each is proved; see `graph_of`.
    """
    shape = images.shape[1:]
    program = _exported(networks[0], shape)
    graphs = []
    for network in networks:
        graph = _built(program, shape, network)
        with _evaluating(network), torch.no_grad():
            logits = network(torch.from_numpy(images).to(_device(network))).cpu().numpy()
        check_agreement(graph, images, logits)
        graphs.append(graph)
    return graphs


def trace(network: nn.Module, image_shape: Shape) -> Graph:
    """Return the network's graph for images of a shape such as (1, 32, 32), without the proof.

    Raises `ModelError` if cnnlab cannot show the network.
    """
    return _built(_exported(network, image_shape), image_shape, network)


def _exported(network: nn.Module, image_shape: Shape) -> Any:
    images = torch.zeros(BATCH, *image_shape, device=_device(network))
    try:
        with _quiet(), _evaluating(network), torch.no_grad():
            return torch.export.export(network, (images,), strict=False)
    except Exception as error:
        raise ModelError(f"cnnlab cannot show this network: {_why(error)}") from None


def _device(network: nn.Module) -> torch.device:
    return next((each.device for each in network.parameters()), torch.device("cpu"))


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, is_training in modes:
            module.training = is_training


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what the network prints, and what torch.export writes about it."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@torch.no_grad()
def _built(program: Any, image_shape: Shape, network: nn.Module) -> Graph:
    values: dict[fx.Node, Any] = _stored(program, network)
    build = Builder(tuple(image_shape))
    nodes = list(program.graph.nodes)
    output = nodes[-1].args[0]
    needed = _needed(nodes)
    for node in nodes:
        if node.op == "placeholder":
            values.setdefault(node, build.input)
        elif node.op == "call_function":
            build.place = _place(node)
            if node in needed:
                values[node] = _value(build, node, values)
            elif _changes_in_place(node) and not _is_stored(node.args[0], values):
                build.refuse(
                    "writes into a part of a tensor, which cnnlab cannot show. Make a new tensor, "
                    "as in x = torch.cat([a, b], dim=1)."
                )
    answer = values.get(output[0]) if len(output) == 1 else None
    if not isinstance(answer, Ref):
        raise ModelError(
            "cnnlab cannot show this network: its forward must return one tensor, the logits, "
            "computed from the images."
        )
    return build.graph(answer)


def _stored(program: Any, network: nn.Module) -> dict[fx.Node, Any]:
    """Return the values of the nodes that are parameters or buffers of a network, or constants.

    They are copies: the network may be trained further, and its graph must stay as it is; and
    forward may change what it computed from them.
    """
    tensors = {
        **program.constants,
        **dict(network.named_parameters(remove_duplicate=False)),
        **dict(network.named_buffers(remove_duplicate=False)),
    }
    kinds = program.graph_signature
    targets = {
        **kinds.inputs_to_parameters,
        **kinds.inputs_to_buffers,
        **kinds.inputs_to_lifted_tensor_constants,
    }
    return {
        node: tensors[targets[node.name]].detach().clone()
        for node in program.graph.nodes
        if node.op == "placeholder" and node.name in targets
    }


def _needed(nodes: list[fx.Node]) -> set[fx.Node]:
    needed = {nodes[-1]}
    for node in reversed(nodes):
        if node in needed:
            needed.update(node.all_input_nodes)
    return needed


def _changes_in_place(node: fx.Node) -> bool:
    return isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable


def _is_stored(value: Any, values: dict[fx.Node, Any]) -> bool:
    """Return whether a value is a buffer of the network, such as a counter of its calls."""
    return value in values and not isinstance(values[value], Ref)


def _value(build: Builder, node: fx.Node, values: dict[fx.Node, Any]) -> Any:
    """Return a node's value: a `Ref`, or what is the same for every image."""
    if node.target is operator.getitem:
        whole, number = values[node.args[0]], node.args[1]  # type: ignore[index]
        if isinstance(whole, tuple | list) and int(number) >= len(whole):  # type: ignore[arg-type]
            build.refuse("uses where the largest numbers are, which cnnlab cannot show.")
        return whole[number]
    if not isinstance(node.target, torch._ops.OpOverload):
        build.refuse("computes with numbers that depend on the image, which cnnlab cannot follow.")
    operation, given = node.target, _arguments(node, values)
    name = operation._schema.name.partition("::")[2]
    if name.endswith("_") and operation._schema.is_mutable:
        name = name.rstrip("_")
    if not any(isinstance(each, Ref) for each in _flat(given)):
        refuse_random(build, operation, name)
        if operation._schema.is_mutable and node.args[0].op == "placeholder":  # type: ignore[union-attr]
            build.refuse(
                "changes a weight or another tensor of the network in forward, so the next image "
                "meets another network. Compute a new tensor instead."
            )
        named = {each.name for each in operation._schema.arguments if each.kwarg_only}
        first = [each for name, each in given.items() if name not in named]
        return operation(*first, **{name: given[name] for name in given if name in named})
    outputs = node.meta["val"]
    if isinstance(outputs, torch.Tensor):
        _check_output(build, outputs)
        build.shape = tuple(outputs.shape[1:])
    elif name not in COPIES:
        build.shape = tuple(outputs[0].shape[1:])
    if name in OF_ANOTHER_SHAPE:
        given["other"] = torch.zeros(BATCH, *given["other"].shape)
    return translate(build, operation, name, given)


def _arguments(node: fx.Node, values: dict[fx.Node, Any]) -> dict[str, Any]:
    """Return an operation's arguments by their names, defaults too."""
    target: Any = node.target
    names = target._schema.arguments
    given = {each.name: each.default_value for each in names if each.has_default_value()}
    given |= dict(zip((each.name for each in names), node.args, strict=False)) | node.kwargs
    known = fx.node.map_arg(given, lambda each: values[each])
    return {each.name: known[each.name] for each in names}


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _flat(each)
    else:
        yield value


def _check_output(build: Builder, output: torch.Tensor) -> None:
    if output.ndim == 0 or len(output) != BATCH:
        found = tuple(output.shape)
        build.refuse(
            f"makes a tensor of {found} from {BATCH} images. Keep the first axis of every tensor "
            "for the batch, and name the others, as in x.mean(dim=(2, 3))."
        )
    if output.dtype != torch.float32:
        build.refuse(f"computes in {output.dtype}; cnnlab can show torch.float32 only.")


def _place(node: fx.Node) -> Place:
    stack = [*node.meta.get("nn_module_stack", {}).values()]
    layer, kind = stack[-1] if stack else ("", "")
    layer, kind = layer.partition("@")[0], kind if isinstance(kind, str) else kind.__module__
    is_layer = bool(layer) and kind.startswith("torch.nn.modules.")
    call = str(getattr(node.target, "_schema", node.target)).partition("(")[0]
    call = call.partition("::")[2].partition(".")[0].rstrip("_") or "getitem"
    frames = _FRAME.findall(node.meta.get("stack_trace") or "")
    own = [(file, int(line)) for file, line in frames if _is_users(file)]
    file, line = own[-1] if own else ("", None)
    return Place(call, layer, is_layer, line, _where(file, line, layer))


def _is_users(file: str) -> bool:
    """Return whether a file is not PyTorch's, Python's or this folder's; cnnlab.models may be."""
    is_pythons = file.startswith(_STANDARD_LIBRARY) and "site-packages" not in file
    return not is_pythons and not file.startswith((*_OTHERS_CODE, "<"))


def _where(file: str, line: int | None, layer: str) -> str:
    """Return a place in words, to begin a sentence with."""
    name = f"layer {layer}" if layer else "the network"
    if line is None:
        return f"{name[0].upper()}{name[1:]}"
    code = linecache.getline(file, line).strip()
    shown = f", `{code}`" if code else ""
    inside = f" ({name})" if layer else ""
    return f"line {line} of {Path(file).name}{shown}{inside}{',' if shown else ''}"


def _why(error: Exception) -> str:
    """Return why torch.export cannot follow a network, with the user's line, if there is one."""
    own = [each for each in traceback.extract_tb(error.__traceback__) if _is_users(each.filename)]
    text = str(error).strip().partition("\n")[0]
    where = _where(own[-1].filename, own[-1].lineno, "") if own else "The network"
    if _DECIDES.search(str(error)):
        return (
            f"{where} decides by the image, and the steps must be the same for every image. Use "
            "torch.where, or compute both and add them."
        )
    if ".numpy()" in str(error):
        return (
            f"{where} leaves PyTorch for NumPy, which cnnlab cannot follow. Use PyTorch's own "
            "functions, such as torch.relu(x) or x.mean()."
        )
    return f"{where} cannot be followed. PyTorch says: {type(error).__name__}: {text}"
