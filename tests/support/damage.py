"""Ways to damage a file: by accident, and by someone who knows its format."""

import gzip
import json
import random
import re
import struct
import zlib
from collections.abc import Callable

Way = Callable[[bytes, random.Random], bytes]

HOSTILE_JSON = [
    *("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "-1", "0", "-0.0", "1.5", "true", "null"),
    *("1" * 400, "9" * 5000, "[]", "{}", "[[]]", '""', '"x"', '"\\u0000"', '"\\ud800"', '"../x"'),
    *('"mine.py:Net"', '"source.py:Net"', '"a\\u0000.py:Net"', '"0.2.0"', '"99.0"', "4294967296"),
    *(json.dumps("x" * 100_000), "[" * 100_000, '{"a":' * 100_000, "[" * 900 + "]" * 900),
    *("9223372036854775807", "9223372036854775808", "1e308", "2", "[1, 2, null]", '{"config": 1}'),
]
HOSTILE_TOML = [
    *("nan", "inf", "-inf", "1e400", "-1", "0", "1.5", "true", "[]", "{}", '""', '"x"', "9" * 5000),
    *(
        "1" * 400,
        "1979-05-27",
        "07:32:00",
        "[" * 50_000,
        "[" * 900 + "]" * 900,
        '"' + "x" * 100_000,
    ),
    *('"' + "x" * 100_000 + '"', '"\\u0000"', '"no.py:Net"', '"a\\u0000.py:Net"', '"no.py"', '"*"'),
    *(
        "0x7fffffffffffffff",
        "9223372036854775808",
        "{a = 1}",
        '"""',
        "'\x00'",
        '"sprint"',
        '"adamw"',
    ),
]
TOML_LINES = [
    *('name = "x"', "seed = 1", 'self = "x"', "epochs.a = 1", "[epochs]", "[[model]]", "\x00"),
    *("epochs = 2", 'recipe = "none"', "a.b.c.d = 1", "[a]\n[a]", '"" = 1', "changes = 1"),
]


def flip(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 8])):
        damaged[_near(chance, len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def truncate(content: bytes, chance: random.Random) -> bytes:
    return content[: _near(chance, len(content))]


def insert(content: bytes, chance: random.Random) -> bytes:
    at = _near(chance, len(content))
    new = chance.choice(
        [chance.randbytes(chance.randrange(1, 65)), b"\0" * 8, b"\xef\xbb\xbf", b"\n"]
    )
    return content[:at] + new + content[at:]


def cut_out(content: bytes, chance: random.Random) -> bytes:
    at = _near(chance, len(content))
    return content[:at] + content[at + chance.randrange(1, 100) :]


def blank(content: bytes, chance: random.Random) -> bytes:
    at, size = _near(chance, len(content)), chance.randrange(1, 5000)
    return content[:at] + b"\0" * len(content[at : at + size]) + content[at + size :]


def double(content: bytes, chance: random.Random) -> bytes:
    at = _near(chance, len(content))
    return content[:at] + content[at : at + 200] + content[at:]


def something_else(content: bytes, chance: random.Random) -> bytes:
    pickled = b"cos\nsystem\n(S'touch canary'\ntR."
    web_page = b"<!doctype html><p>log in"
    others = [b"", b"\0", b"\0" * 1000, pickled, b"\x80\x04" + pickled, web_page, b"PK\3\4" * 9]
    return chance.choice(
        [*others, b"\xff\xfe" + content, content.decode("latin-1").encode("utf-16")]
    )


ACCIDENTS: tuple[Way, ...] = (flip, flip, truncate, insert, cut_out, blank, double, something_else)


def _near(chance: random.Random, size: int) -> int:
    """Return a place in a file: half of them near its beginning, where its headers are."""
    return chance.randrange(min(size, 300) if chance.random() < 0.5 else size)


def hostile_json(content: bytes, chance: random.Random) -> bytes:
    """Replace, delete or double a value of a JSON text, at any depth."""
    value, marks = json.loads(content), {}
    for _ in range(chance.choice([1, 1, 1, 3])):
        mark = f"<mark {len(marks)}>"
        if _change(value, mark, chance):
            marks[json.dumps(mark)] = chance.choice(HOSTILE_JSON)
    text = json.dumps(value)
    if chance.random() < 0.1:
        return chance.choice(HOSTILE_JSON).encode()
    if chance.random() < 0.1 and isinstance(value, dict):
        key = chance.choice(list(value) or ["x"])
        text = text[:-1] + f", {json.dumps(key)}: {chance.choice(HOSTILE_JSON)}}}"
    for mark, hostile in marks.items():
        text = text.replace(mark, hostile)
    return text.encode()


def _change(value, mark: str, chance: random.Random) -> bool:
    """Put a mark somewhere into a JSON value, or delete a part; return whether a mark is in."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return False
        key = chance.choice(keys)
        if isinstance(value[key], dict | list) and value[key] and chance.random() < 0.8:
            value = value[key]
            continue
        what = chance.random()
        if what < 0.15:
            del value[key]
            return False
        if what < 0.25 and isinstance(value, dict):
            value[str(chance.choice(["extra", "", "name", "x" * 5000]))] = mark
        else:
            value[key] = mark
        return True


def hostile_lines(content: bytes, chance: random.Random) -> bytes:
    """Damage a line of JSON Lines, or put the lines into another order or number."""
    lines = content.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    match chance.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[at])
        case 2:
            chance.shuffle(lines)
        case 3:
            lines.insert(at, chance.choice([b"\n", b"null\n", b"[]\n", b"{}\n"]))
        case _:
            lines[at] = hostile_json(lines[at], chance) + b"\n"
    return b"".join(lines)


def hostile_tensors(content: bytes, chance: random.Random) -> bytes:
    """Make up the header of a safetensors file: sizes, types, places and metadata."""
    (size,) = struct.unpack("<Q", content[:8])
    header, data = content[8 : 8 + size], content[8 + size :]
    kind = chance.randrange(5)
    if kind == 0:
        wrong = chance.choice([0, 1, size - 1, size + 1, 2**31, 2**32, 2**63, 2**64 - 1, 10**8])
        return struct.pack("<Q", wrong) + header + data
    value = json.loads(header)
    about = json.loads(value["__metadata__"]["cnnlab"])
    if chance.random() < 0.8:  # without it, as in the first files, the rest is read
        del about["sha256"]
    text = json.dumps(about).encode()
    value["__metadata__"]["cnnlab"] = (hostile_json(text, chance) if kind == 1 else text).decode()
    if kind > 2:
        entry = value[chance.choice([name for name in value if name != "__metadata__"])]
        match chance.randrange(4):
            case 0:
                kinds = ["F64", "F16", "BF16", "I64", "I32", "U8", "BOOL", "F8_E4M3", "C64", "F4"]
                entry["dtype"] = chance.choice([*kinds, "U32", "U64", "F32", "F8_E8M0", "X", ""])
            case 1:
                entry["shape"] = chance.choice([[2**40], [2**32, 2**32], [2**63, 0], [0], [], [-1]])
            case 2:
                entry["shape"] = entry["shape"][::-1]
            case _:
                ends = [0, 1, -1, 2**40, 2**63, 2**64, len(data), len(data) + 1, 10**30]
                entry["data_offsets"] = [chance.choice(ends), chance.choice(ends)]
    header = json.dumps(value).encode()
    if kind == 2:
        header = hostile_json(header, chance)
    return struct.pack("<Q", len(header)) + header + data


def hostile_toml(content: bytes, chance: random.Random) -> bytes:
    lines = content.decode().splitlines()
    at = chance.randrange(len(lines))
    if chance.random() < 0.3:
        lines.insert(at, chance.choice([*TOML_LINES, lines[at]]))
    else:
        key = lines[at].partition("=")[0]
        lines[at] = f"{key}= {chance.choice(HOSTILE_TOML)}"
    return "\n".join(lines).encode()


def hostile_source(content: bytes, chance: random.Random) -> bytes:
    deep = [
        "(" * 50_000,
        "[" * 150 + "]" * 150,
        "-" * 100_000 + "1",
        "x" + ".y" * 50_000,
        "1" * 9000,
    ]
    deep += ["x=" * 50_000 + "1", "not " * 50_000 + "x", "f'{" * 200, "lambda:" * 20_000 + "1"]
    starts = [
        "# coding: rot13\n",
        "# coding: nothing\n",
        "\0",
        "\f",
        "\ufeff",
        "#!/bin/sh\n",
        "'''",
    ]
    text = content.decode()
    if chance.random() < 0.5:
        return (text + "\nx = " + chance.choice(deep)).encode()
    return (chance.choice(starts) + text).encode()


def hostile_idx(content: bytes, chance: random.Random) -> bytes:
    """Make up the header of an IDX file, packed again where it was packed; or a gzip bomb."""
    packed = content[:2] == b"\x1f\x8b"
    plain = bytearray(gzip.decompress(content) if packed else content)
    if packed and chance.random() < 0.2:
        return gzip.compress(b"\0" * chance.choice([10**6, 5 * 10**7]), 1)
    if chance.random() < 0.3:
        plain[chance.randrange(4)] = chance.choice([0, 1, 2, 3, 4, 8, 9, 13, 255])
    else:
        at = 4 + 4 * chance.randrange(plain[3])
        plain[at : at + 4] = struct.pack(">I", chance.choice([0, 1, 27, 2**31, 2**32 - 1, 60_000]))
    return gzip.compress(bytes(plain), 1) if packed else bytes(plain)


def hostile_png(content: bytes, chance: random.Random) -> bytes:
    """Make up the header of a PNG, its checksum right; or the length of a part."""
    damaged = bytearray(content)
    if chance.random() < 0.2:
        at = chance.choice([m.start() for m in re.finditer(b"IHDR|IDAT|IEND", content)])
        damaged[at - 4 : at] = struct.pack(">I", chance.choice([0, 1, 2**31 - 1, 2**32 - 1]))
        return bytes(damaged)
    sizes = [0, 1, 7, 8, 27, 29, 200, 7000, 50_000, 2**31 - 1, 2**32 - 1]
    for at in (16, 20):
        if chance.random() < 0.7:
            damaged[at : at + 4] = struct.pack(">I", chance.choice(sizes))
    if chance.random() < 0.5:
        at = chance.choice([24, 25, 26, 27, 28])
        damaged[at] = chance.choice([0, 1, 2, 3, 4, 6, 8, 16, 255])
    damaged[29:33] = struct.pack(">I", zlib.crc32(damaged[12:29]))
    return bytes(damaged)
