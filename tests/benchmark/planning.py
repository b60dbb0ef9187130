"""How long the frontend thinks about a big workspace, without any engine."""

from __future__ import annotations

import hashlib
import statistics
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from frontend.emit.layer_lock import write_layer_lock
from frontend.errors import SourceFile
from frontend.model.packages import Selection
from frontend.plan import partition
from frontend.project.lock import Lock
from frontend.resolve.closure import select_packages
from frontend.resolve.export import export
from tests.unit.frontend.locks import HEAD, edges, manifest, package, registry
from tests.unit.frontend.targets import target

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = 500
_RUNS = 7
_MEMBER = "service"
_DIRECT = 40
# One in five has compiled wheels, for as many targets as widely used packages have.
_COMPILED = [
    f"cp{minor}-cp{minor}-{platform}"
    for minor in ("311", "312", "313", "314")
    for platform in (
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "manylinux_2_17_aarch64.manylinux2014_aarch64",
        "musllinux_1_2_x86_64",
        "macosx_11_0_arm64",
        "win_amd64",
    )
]


def measure() -> dict[str, float]:
    """Milliseconds of each stage for a lock of 500 packages, the median of several runs."""
    runs = [_run() for _ in range(_RUNS)]
    return {stage: round(statistics.median(run[stage] for run in runs), 1) for stage in runs[0]}


def workspace_files(packages: int = PACKAGES) -> dict[str, str]:
    """A workspace with one member, whose lock has so many third-party packages, all needed."""
    names = sorted(f"p{hashlib.sha256(b'%d' % n).hexdigest()[:10]}" for n in range(packages))
    direct = names[:_DIRECT]
    parts = [HEAD, f'\n[manifest]\nmembers = ["{_MEMBER}"]\n']
    for number, name in enumerate(names):
        wheels = _COMPILED if number % 5 == 0 else ["py3-none-any"]
        size = 50_000_000 if number % 100 == 0 else 100_000
        needed = names[number + _DIRECT : number + _DIRECT + 2]
        parts.append(registry(name, "1.2.3", wheels, edges("dependencies", *needed), size=size))
    parts.append(package(_MEMBER, f'editable = "{_MEMBER}"', "1.0", edges("dependencies", *direct)))
    return {
        "pyproject.toml": f'[tool.uv.workspace]\nmembers = ["{_MEMBER}"]\n',
        "uv.lock": "".join(parts),
        f"{_MEMBER}/pyproject.toml": manifest(_MEMBER, f"dependencies = {list(direct)}"),
    }


def _run() -> dict[str, float]:
    files = workspace_files()
    taken: dict[str, float] = {}
    python = target("3.13.5")

    @contextmanager
    def timed(stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        taken[stage] = (time.perf_counter() - began) * 1000

    with timed("read the lock"):
        lock = Lock.parse(SourceFile("uv.lock", files["uv.lock"]))
        member = lock.members[_MEMBER]
    with timed("uv export, a process of its own"):
        pylock = export(files, Selection(_MEMBER))
    with timed("choose the wheels"):
        closure = select_packages(pylock, lock, python)
    with timed("lay out the layers"):
        made = partition.make(closure, python, member)
    with timed("write the layers' locks"):
        for layer in made.layers:
            if layer.packages:
                write_layer_lock(layer, python, {})
    found = sum(len(layer.packages) for layer in made.layers)
    if found != PACKAGES:
        raise AssertionError(f"{found} of {PACKAGES} packages were planned")
    return taken
