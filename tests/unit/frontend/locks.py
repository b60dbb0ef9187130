"""Locks written by hand, package by package, as uv writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

INDEX = "https://index.example/simple"
HEAD = 'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n'


def hashed(text: str) -> str:
    """A hash that differs from artifact to artifact and is easy to tell apart."""
    return "sha256:" + "".join(f"{ord(char) % 16:x}" for char in text).ljust(64, "0")[:64]


def package(name: str, source: str, version: str = "", *rest: str) -> str:
    """Any `[[package]]`; `rest` are further lines."""
    lines = ["", "[[package]]", f'name = "{name}"']
    if version:
        lines.append(f'version = "{version}"')
    return "\n".join([*lines, f"source = {{ {source} }}", *rest]) + "\n"


def registry(
    name: str,
    version: str,
    wheels: Sequence[str] = ("py3-none-any",),
    *rest: str,
    sdist: bool = True,
    index: str = INDEX,
    size: int = 1000,
) -> str:
    """A package from an index. `wheels` are the tags of its wheels; `size` 0 leaves sizes out."""
    folder = f"{index.removesuffix('/simple')}/files"
    file = f"{name.replace('-', '_')}-{version}"
    lines = list(rest)
    if sdist:
        lines.append(f"sdist = {_artifact(f'{folder}/{file}.tar.gz', size * 2)}")
    if wheels:
        artifacts = [_artifact(f"{folder}/{file}-{tag}.whl", size) for tag in wheels]
        lines += ["wheels = [", *(f"    {artifact}," for artifact in artifacts), "]"]
    return package(name, f'registry = "{index}"', version, *lines)


def _artifact(url: str, size: int) -> str:
    uploaded = ', upload-time = "2026-01-02T03:04:05Z"' if size else ""
    weight = f", size = {size}" if size else ""
    return f'{{ url = "{url}", hash = "{hashed(url[::-1])}"{weight}{uploaded} }}'


def edges(key: str, *names: str) -> str:
    """A list of dependencies; what follows a name and a semicolon is its marker."""
    items = []
    for name in names:
        bare, _, marker = name.partition("; ")
        items.append(f'{{ name = "{bare}"' + (f', marker = "{marker}"' if marker else "") + " }")
    return f"{key} = [{', '.join(items)}]"


def fork(name: str, version: str, marker: str, index: str = INDEX) -> str:
    """An edge to one of several versions."""
    source = f'source = {{ registry = "{index}" }}'
    return f'{{ name = "{name}", version = "{version}", {source}, marker = "{marker}" }}'


def manifest(name: str, *rest: str, version: str = "0", requires_python: str = ">=3.11") -> str:
    """A `pyproject.toml`; `rest` are further lines."""
    return "\n".join(
        [
            "[project]",
            f'name = "{name}"',
            f'version = "{version}"',
            f'requires-python = "{requires_python}"',
            *rest,
            "",
        ]
    )
