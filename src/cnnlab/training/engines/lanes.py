"""Vector code for this processor: one image in each lane, so all lanes do the same.

`Lanes` writes LLVM instructions on vectors of floats, in the order of its calls.
`compile_functions` compiles them to machine code.
"""

import ctypes
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from llvmlite import binding, ir

INTEGER = ir.IntType(64)
FLOAT = ir.FloatType()
POINTER = ir.PointerType()
_INT32, _BYTE = ir.IntType(32), ir.IntType(8)
_FUSE: Any = ("contract",)  # a product and a sum may become one fused multiply-add
_NEAR_ZERO = 0.1

Term = Any
"""A number, a value, or a pair (value, number) that stands for their product."""


@dataclass(frozen=True)
class Processor:
    """A kind of processor: its LLVM name and features, floats in a vector, vector registers."""

    name: str
    features: str
    lanes: int
    registers: int


@cache
def this_processor() -> Processor:
    """Return the processor that the program runs on."""
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        lanes, registers = 16, 32
    elif features.get("avx2"):
        lanes, registers = 8, 16
    elif features.get("neon"):
        lanes, registers = 4, 32
    else:
        lanes, registers = 4, 16
    return Processor(binding.get_host_cpu_name(), features.flatten(), lanes, registers)


class Lanes:
    """Writes one function's instructions; pointers are to floats, offsets count vectors."""

    def __init__(self, builder: ir.IRBuilder, lanes: int) -> None:
        self.builder = builder
        self.lanes = lanes
        self.vector = ir.VectorType(FLOAT, lanes)
        self.integers = ir.VectorType(_INT32, lanes)
        self.bytes = ir.VectorType(_BYTE, lanes)

    # --- numbers, addresses, memory ---------------------------------------------------------

    def constant(self, number: float) -> Any:
        """Return a vector that holds a number in every lane."""
        return ir.Constant(self.vector, [float(number)] * self.lanes)

    def index(self, *terms: Term) -> Any:
        """Return the sum of terms as an integer."""
        total, fixed = None, 0
        for term in terms:
            value, factor = term if isinstance(term, tuple) else (term, 1)
            if isinstance(value, int):
                fixed += value * factor
                continue
            if factor != 1:
                value = self.builder.mul(value, ir.Constant(INTEGER, factor))
            total = value if total is None else self.builder.add(total, value)
        if total is None:
            return ir.Constant(INTEGER, fixed)
        return self.builder.add(total, ir.Constant(INTEGER, fixed)) if fixed else total

    def at(self, base: Any, *terms: Term, of: Any = None) -> Any:
        """Return the address so many vectors (or elements of type ``of``) after ``base``."""
        return self.builder.gep(base, [self.index(*terms)], source_etype=of or self.vector)

    def load(self, base: Any, *terms: Term) -> Any:
        """Return the vector at an address."""
        return self.builder.load(self.at(base, *terms), align=4, typ=self.vector)

    def store(self, value: Any, base: Any, *terms: Term) -> None:
        """Put a vector there."""
        self.builder.store(value, self.at(base, *terms), align=4)

    def load_floats(self, base: Any, *terms: Term) -> Any:
        """Return the vector that begins so many floats after ``base``."""
        return self.builder.load(self.at(base, *terms, of=FLOAT), align=4, typ=self.vector)

    def store_floats(self, value: Any, base: Any, *terms: Term) -> None:
        """Put a vector so many floats after ``base``."""
        self.builder.store(value, self.at(base, *terms, of=FLOAT), align=4)

    def spread(self, base: Any, *terms: Term) -> Any:
        """Return a vector with the float so many floats after ``base`` in every lane."""
        number = self.builder.load(self.at(base, *terms, of=FLOAT), align=4, typ=FLOAT)
        nothing = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(nothing, number, ir.Constant(_INT32, 0))
        return self.builder.shuffle_vector(first, nothing, self._mask([0] * self.lanes))

    def load_bytes(self, base: Any, *terms: Term) -> Any:
        """Return a vector of bytes, one a lane."""
        return self.builder.load(self.at(base, *terms, of=self.bytes), align=1, typ=self.bytes)

    def store_bytes(self, value: Any, base: Any, *terms: Term) -> None:
        """Put a vector of bytes there."""
        self.builder.store(value, self.at(base, *terms, of=self.bytes), align=1)

    def byte(self, number: int) -> Any:
        """Return a vector of bytes that are all the same."""
        return ir.Constant(self.bytes, [number] * self.lanes)

    def _mask(self, places: Sequence[int]) -> Any:
        return ir.Constant(self.integers, list(places))

    # --- control ----------------------------------------------------------------------------

    def loop(
        self,
        count: Any,
        body: Callable[..., Sequence[Any] | None],
        carried: Sequence[Any] = (),
        start: Any = 0,
    ) -> list[Any]:
        """Repeat ``body(index, *carried)``, which returns what the next turn gets.

        ``index`` runs from ``start`` to below ``count``, at least once. Returns the last turn's
        values. Carried values live in registers.
        """
        builder = self.builder
        before, head, after = (
            builder.block,
            builder.append_basic_block(),
            builder.append_basic_block(),
        )
        first, end = self.index(start), self.index(count)
        builder.branch(head)
        builder.position_at_end(head)
        index = builder.phi(INTEGER)
        index.add_incoming(first, before)
        values = [builder.phi(value.type) for value in carried]
        for value, initial in zip(values, carried, strict=True):
            value.add_incoming(initial, before)
        new = list(body(index, *values) or ())
        following = self.index(index, 1)
        index.add_incoming(following, builder.block)
        for value, changed in zip(values, new, strict=True):
            value.add_incoming(changed, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, end), head, after)
        builder.position_at_end(after)
        return new

    def clear(self, base: Any, count: int) -> None:
        """Fill so many vectors with zeros."""
        self.loop(count, lambda index: self.store(self.constant(0), base, index))

    # --- arithmetic -------------------------------------------------------------------------

    def add(self, a: Any, b: Any) -> Any:
        """Return a + b."""
        return self.builder.fadd(a, b)

    def subtract(self, a: Any, b: Any) -> Any:
        """Return a - b."""
        return self.builder.fsub(a, b)

    def multiply(self, a: Any, b: Any) -> Any:
        """Return a * b."""
        return self.builder.fmul(a, b)

    def divide(self, a: Any, b: Any) -> Any:
        """Return a / b."""
        return self.builder.fdiv(a, b)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """Return a * b + c, as one instruction if the processor has one."""
        return self.builder.fadd(self.builder.fmul(a, b, flags=_FUSE), c, flags=_FUSE)

    def larger_or_nan(self, a: Any, b: Any) -> Any:
        """Return where a > b, or where a is NaN: so a maximum is NaN if any value is NaN."""
        larger = self.builder.fcmp_ordered(">", a, b)
        return self.builder.or_(larger, self.builder.fcmp_unordered("uno", a, a))

    def larger(self, a: Any, b: Any) -> Any:
        """Return where a > b."""
        return self.builder.fcmp_ordered(">", a, b)

    def smaller(self, a: Any, b: Any) -> Any:
        """Return the smaller of a and b; NaN in a stays NaN."""
        return self.where(self.larger(a, b), b, a)

    def above_zero(self, a: Any) -> Any:
        """Return where a > 0."""
        return self.builder.fcmp_ordered(">", a, self.constant(0))

    def below(self, a: Any, number: float) -> Any:
        """Return where a < a number."""
        return self.builder.fcmp_ordered("<", a, self.constant(number))

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """Return a where the condition holds, else b."""
        return self.builder.select(condition, a, b)

    def equal_bytes(self, a: Any, b: Any) -> Any:
        """Return where two vectors of bytes are equal."""
        return self.builder.icmp_unsigned("==", a, b)

    def relu(self, x: Any) -> Any:
        """Return max(x, 0); NaN stays NaN."""
        return self.where(self.builder.fcmp_ordered("<", x, self.constant(0)), self.constant(0), x)

    def tanh(self, x: Any) -> Any:
        """Return the hyperbolic tangent, within 1e-6 of its value: 1 - 2 / (exp(2x) + 1).

        Near zero, where the difference would cancel, it is Taylor's series of tanh itself.
        """
        builder = self.builder
        exponential = self.two_to(builder.fmul(x, self.constant(2 * math.log2(math.e))))
        one = self.constant(1)
        large = builder.fsub(one, builder.fdiv(self.constant(2), builder.fadd(exponential, one)))
        square = builder.fmul(x, x)
        small = builder.fmul(x, self.polynomial(square, [1, -1 / 3, 2 / 15, -17 / 315]))
        is_large = builder.fcmp_ordered(">", square, self.constant(_NEAR_ZERO**2))
        return self.where(is_large, large, small)

    def exponential(self, x: Any) -> Any:
        """Return e to the power of x, within 1e-6 of its value between 1e-36 and 1e36."""
        return self.two_to(self.multiply(x, self.constant(math.log2(math.e))))

    def sigmoid(self, x: Any) -> Any:
        """Return 1 / (1 + exp(-x))."""
        one = self.constant(1)
        beyond = self.two_to(self.multiply(x, self.constant(-math.log2(math.e))))
        return self.divide(one, self.add(one, beyond))

    def two_to(self, powers: Any) -> Any:
        """Return 2 to a power, which counts as at least -120 and at most 120; NaN stays NaN.

        It splits off the whole number, which is the exponent of a float, and takes six terms of
        Taylor's series for the rest.
        """
        builder, given = self.builder, powers
        for bound, beyond in ((120.0, ">"), (-120.0, "<")):
            limit = self.constant(bound)
            powers = self.where(builder.fcmp_ordered(beyond, powers, limit), limit, powers)
        # Adding 1.5 * 2**23 rounds to a whole number, which is then in the lowest bits.
        rounder = self.constant(1.5 * 2**23)
        rounded = builder.fadd(powers, rounder)
        rest = builder.fsub(powers, builder.fsub(rounded, rounder))
        two_to_rest = self.polynomial(
            rest, [math.log(2) ** n / math.factorial(n) for n in range(7)]
        )
        exponent = builder.shl(
            builder.bitcast(rounded, self.integers), ir.Constant(self.integers, [23] * self.lanes)
        )
        power = builder.bitcast(
            builder.add(builder.bitcast(two_to_rest, self.integers), exponent), self.vector
        )
        return self.where(builder.fcmp_unordered("uno", given, given), given, power)

    def polynomial(self, x: Any, coefficients: Sequence[float]) -> Any:
        """Return the sum of coefficients times the powers of x, the lowest first."""
        value = self.constant(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            value = self.multiply_add(value, x, self.constant(coefficient))
        return value

    # --- from images to lanes and back --------------------------------------------------------

    def _transposed(self, rows: list[Any]) -> list[Any]:
        """Return the columns of a square of ``lanes`` rows, by perfect shuffles."""
        half = self.lanes // 2
        low = self._mask([place // 2 + place % 2 * self.lanes for place in range(self.lanes)])
        high = self._mask(
            [half + place // 2 + place % 2 * self.lanes for place in range(self.lanes)]
        )
        for _ in range(self.lanes.bit_length() - 1):
            pairs = [(rows[place], rows[place + half]) for place in range(half)]
            rows = [
                self.builder.shuffle_vector(*pair, way) for pair in pairs for way in (low, high)
            ]
        return rows

    def to_lanes(self, images: Any, count: int, vectors: Any) -> None:
        """Turn ``lanes`` images of ``count`` floats into ``count`` vectors: an image a lane."""

        def square(start: Any) -> None:
            rows = [self.load_floats(images, start, row * count) for row in range(self.lanes)]
            for place, column in enumerate(self._transposed(rows)):
                self.store(column, vectors, start, place)

        self._squares(count, square)

    def from_lanes(self, vectors: Any, count: int, images: Any) -> None:
        """Turn ``count`` vectors back into ``lanes`` images of ``count`` floats."""

        def square(start: Any) -> None:
            rows = [self.load(vectors, start, place) for place in range(self.lanes)]
            for row, column in enumerate(self._transposed(rows)):
                self.store_floats(column, images, start, row * count)

        self._squares(count, square)

    def sum_lanes(self, vectors: Any, number: Any, count: int, repeats: Any, floats: Any) -> None:
        """Write the floats of one square: each the sum of a vector's lanes, and of its repeats.

        Vectors repeat after ``count``, a multiple of the lanes; the square is the one ``number``.
        The order of the sum is always the same.
        """
        start = self.index((number, self.lanes))

        def one(repeat: Any, *totals: Any) -> list[Any]:
            return [
                self.add(total, self.load(vectors, (repeat, count), start, place))
                for place, total in enumerate(totals)
            ]

        rows = self.loop(repeats, one, [self.constant(0)] * self.lanes)
        total, *others = self._transposed(rows)
        for other in others:
            total = self.add(total, other)
        self.store_floats(total, floats, start)

    def _squares(self, count: int, square: Callable[[Any], None]) -> None:
        """Call ``square`` for each square of floats; the last one may overlap its neighbour."""
        self.loop(count // self.lanes, lambda n: square(self.index((n, self.lanes))))
        if count % self.lanes:
            square(self.index(count - self.lanes))


Compiled = Callable[[Any, int, int, int, int], None]
"""Machine code: (table of pointers, first, end, part, worker). Other threads run meanwhile."""


class Given:
    """What a function is given: addresses by name, and the numbers of its part and its worker.

    Functions read an address from their table when they start, in the order of first use.
    """

    def __init__(self, code: Lanes, table: Any, part: Any, worker: Any) -> None:
        self.code, self.table = code, table
        self.part, self.worker = part, worker
        self.addresses: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.addresses:
            with self.code.builder.goto_entry_block():
                place = self.code.at(self.table, len(self.addresses), of=POINTER)
                self.addresses[name] = self.code.builder.load(place, typ=POINTER)
        return self.addresses[name]


def define(
    module: ir.Module, name: str, lanes: int, body: Callable[[Lanes, Given, Any], None]
) -> list[str]:
    """Write a function, ``body(code, given, number)`` for each number from first to end.

    Returns the names of the addresses that its table holds, in order.
    """
    kinds = [POINTER, *[INTEGER] * 4]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    builder = ir.IRBuilder(function.append_basic_block())
    code = Lanes(builder, lanes)
    table, first, end, part, worker = function.args
    given = Given(code, table, part, worker)
    code.loop(end, lambda number: body(code, given, number), start=first)
    builder.ret_void()
    return list(given.addresses)


def compile_functions(
    module: ir.Module, names: Sequence[str], processor: Processor
) -> tuple[dict[str, Compiled], Any]:
    """Return the machine code of a module's functions, and what keeps it in memory.

    LLVM's optimising passes are left out: they took a third of the time and did not make the
    code faster (docs/log.md).
    """
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=processor.name, features=processor.features, opt=3
    )
    parsed = binding.parse_assembly(str(module))
    parsed.verify()
    engine = binding.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, *[ctypes.c_int64] * 4)
    return {name: kind(engine.get_function_address(name)) for name in names}, engine
