"""Tiny wheels, and a folder of them that pip uses as its only index."""

import zipfile
from pathlib import Path

CPU = "cp311-cp311-manylinux_2_28_x86_64"


def tiny_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    tag: str = "py3-none-any",
    requires: tuple[str, ...] = (),
    files: dict[str, str] | None = None,
    script: str = "",
) -> Path:
    """Write a wheel with those files, requirements and a command; return its path."""
    plain = name.replace("-", "_")
    path = folder / f"{plain}-{version}-{tag}.whl"
    about = f"{plain}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {each}" for each in requires]
    contents = dict(files or {f"{plain}.py": f"name = {name!r}\n"})
    contents[f"{about}/METADATA"] = "\n".join(lines) + "\n"
    contents[f"{about}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n"
    if script:
        contents[f"{about}/entry_points.txt"] = f"[console_scripts]\n{script}\n"
    contents[f"{about}/RECORD"] = "".join(f"{each},,\n" for each in [*contents, f"{about}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in contents.items():
            archive.writestr(zipfile.ZipInfo(each), text)
    return path
