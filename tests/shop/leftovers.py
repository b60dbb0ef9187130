"""What an image holds beside the base image and its virtual environment."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tests.shop import distributions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.engine import Engine

HOME = PurePosixPath("/app")


def of_image(engine: Engine, image: str, base: str, *, sources: Iterable[str] = ()) -> list[str]:
    """One line for each file outside /app/.venv that the base image does not have like this.

    `sources` are the files that have to be below /app, relative to it: those of a package that is
    not built. Their folders and their bytecode may be there too. So uv, caches, mount points of the
    build, temporary files and sources of installed packages all have a line.
    """
    before = _files(engine, base, "python3")
    after = _files(engine, image, f"{distributions.VENV}/bin/python")
    return sorted(_lines(before, after, {HOME / path for path in sources}))


def _lines(
    before: Mapping[str, str], after: Mapping[str, str], sources: set[PurePosixPath]
) -> Iterator[str]:
    wanted = {str(path) for path in sources}
    allowed = wanted | {str(HOME)} | {str(folder) for path in sources for folder in path.parents}
    for path in after.keys() - before.keys() - allowed:
        if not _is_bytecode(PurePosixPath(path), sources):
            yield f"{path} is left over: {after[path]}"
    for path in wanted - after.keys():
        yield f"{path} is missing"
    for path in before.keys() - after.keys():
        yield f"{path} of the base image is gone"
    for path in before.keys() & after.keys():
        if before[path] != after[path]:
            yield f"{path} was {before[path]}, is {after[path]}"


def _is_bytecode(path: PurePosixPath, sources: set[PurePosixPath]) -> bool:
    if path.name == "__pycache__":
        return any(source.parent == path.parent for source in sources)
    module = path.name.partition(".")[0]
    return path.suffix == ".pyc" and path.parent.parent / f"{module}.py" in sources


def _files(engine: Engine, image: str, python: str) -> dict[str, str]:
    loaded: dict[str, str] = json.loads(distributions.run_inside(engine, image, python, "files"))
    return loaded
