"""A generated workspace: many services, libraries that they share, and a large lock.

Nothing of it exists on any index. What depends on what is drawn from the seed, so that the same
numbers give the same files, byte by byte.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PYTHONS = ("cp311", "cp312", "cp313")
_PLATFORMS = (
    *(
        "macosx_11_0_arm64",
        "manylinux_2_17_aarch64",
        "manylinux_2_17_x86_64",
        "musllinux_1_2_x86_64",
    ),
    "win_amd64",
)
_FILES = "https://files.example/packages"
_INDEX = 'source = { registry = "https://index.example/simple" }'


@dataclass(frozen=True)
class Monorepo:
    """What was written: for each service the libraries in its image, and its locked packages."""

    folder: Path
    libraries: dict[str, frozenset[str]]
    locked: dict[str, frozenset[str]]


def write(
    folder: Path, *, services: int = 200, libraries: int = 40, packages: int = 5000
) -> Monorepo:
    """Write a workspace with so many of each into `folder`."""
    draw = random.Random(7)
    third = [f"package-{number:04}" for number in range(packages)]
    needs = {
        name: draw.sample(third[:number], min(number, draw.randint(0, 3)))
        for number, name in enumerate(third)
    }
    shared = [f"library-{number:03}" for number in range(libraries)]
    named = [f"service-{number:03}" for number in range(services)]
    internal = {
        name: draw.sample(shared[:number], min(number, draw.randint(0, 2)))
        for number, name in enumerate(shared)
    }
    external = {name: draw.sample(third, draw.randint(0, 3)) for name in shared}
    for number, name in enumerate(named):
        internal[name] = draw.sample(shared, min(libraries, draw.randint(1, 4)))
        # Together the services need all there is in the lock.
        external[name] = [*third[number::services], *draw.sample(third, min(packages, 8))]
    paths = {name: f"libs/{name}" for name in shared} | {name: f"services/{name}" for name in named}
    for name, path in paths.items():
        _member(folder / path, name, [*internal[name], *external[name]], service=name in named)
    (folder / "Dockerfile").write_text("# syntax=org/uv-frontend\n")
    (folder / "pyproject.toml").write_text(_root([*shared, *named]))
    (folder / "uv.lock").write_text(_lock(paths, internal, external, needs))
    return Monorepo(
        folder,
        {name: _closure(internal[name], internal) for name in named},
        {
            name: _closure(
                [
                    each
                    for member in (name, *_closure(internal[name], internal))
                    for each in external[member]
                ],
                needs,
            )
            for name in named
        },
    )


def _closure(names: list[str], edges: dict[str, list[str]]) -> frozenset[str]:
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += edges[name]
    return frozenset(found)


def _root(members: list[str]) -> str:
    sources = "".join(f"{name} = {{ workspace = true }}\n" for name in members)
    return (
        '[tool.uv.workspace]\nmembers = ["libs/*", "services/*"]\n\n'
        f"[tool.uv.sources]\n{sources}\n[tool.ruff]\nline-length = 100\n"
    )


def _member(folder: Path, name: str, dependencies: list[str], *, service: bool) -> None:
    module = name.replace("-", "_")
    (folder / "src" / module).mkdir(parents=True)
    listed = "".join(f'    "{each}",\n' for each in dependencies)
    scripts = f'\n[project.scripts]\n{name} = "{module}:main"\n' if service else ""
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "1.0.0"\nrequires-python = ">=3.11"\n'
        f"dependencies = [\n{listed}]\n{scripts}\n"
        '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n'
    )
    for file in ("__init__", "models", "views", "tasks"):
        text = f'"""The {file} of {name}."""\n\n\ndef main() -> None:\n    print("{name}")\n'
        (folder / "src" / module / f"{file}.py").write_text(text * 4)


def _lock(
    paths: dict[str, str],
    internal: dict[str, list[str]],
    external: dict[str, list[str]],
    needs: dict[str, list[str]],
) -> str:
    members = "".join(f'    "{name}",\n' for name in sorted(paths))
    blocks = [
        'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n'
        f"[manifest]\nmembers = [\n{members}]\n"
    ]
    for name in sorted({*paths, *needs}):
        if name in needs:
            blocks.append(_third_party(name, needs[name]))
        else:
            blocks.append(
                f'[[package]]\nname = "{name}"\nversion = "1.0.0"\n'
                f'source = {{ editable = "{paths[name]}" }}\n'
                + _dependencies([*internal[name], *external[name]])
            )
    return "\n".join(blocks)


def _third_party(name: str, dependencies: list[str]) -> str:
    module = name.replace("-", "_")
    # Every fifth is compiled, with a wheel for each Python and platform.
    compiled = int(name[-4:]) % 5 == 0
    tags = (
        [f"{p}-{p}-{each}" for p in _PYTHONS for each in _PLATFORMS]
        if compiled
        else ["py3-none-any"]
    )
    wheels = "".join(f"    {_file(f'{module}-1.0.0-{tag}.whl')},\n" for tag in tags)
    return (
        f'[[package]]\nname = "{name}"\nversion = "1.0.0"\n{_INDEX}\n'
        f"{_dependencies(dependencies)}sdist = {_file(f'{module}-1.0.0.tar.gz')}\n"
        f"wheels = [\n{wheels}]\n"
    )


def _dependencies(names: list[str]) -> str:
    listed = "".join(f'    {{ name = "{name}" }},\n' for name in sorted(names))
    return f"dependencies = [\n{listed}]\n" if names else ""


def _file(name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    place = f"{digest[:2]}/{digest[2:4]}/{digest[4:]}/{name}"
    return (
        f'{{ url = "{_FILES}/{place}", hash = "sha256:{digest}", size = 20480, '
        'upload-time = "2026-01-01T00:00:00Z" }'
    )
