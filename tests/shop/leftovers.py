"""What an image holds beside the base image and its virtual environment."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tests.shop import distributions

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.engine import Engine

HOME = "/app"


def of_image(engine: Engine, image: str, base: str, *, sources: Collection[str] = ()) -> list[str]:
    """One line for each file outside /app/.venv that the base image does not have like this.

    `sources` are the files that have to be below /app, relative to it: those of a package that is
    not built. Their folders may be there too. One that is missing has a line as well.
    """
    before = _files(engine, base, "python3")
    after = _files(engine, image, f"{distributions.VENV}/bin/python")
    expected = {f"{HOME}/{path}" for path in sources}
    folders = {str(folder) for path in expected for folder in PurePosixPath(path).parents}
    folders.add(HOME)
    new = after.keys() - before.keys()
    lines = [f"{path} is left over ({after[path]})" for path in new - expected - folders]
    lines += [f"{path} is missing" for path in expected - after.keys()]
    lines += [f"{path} of the base image is gone" for path in before.keys() - after.keys()]
    changed = [path for path in after.keys() & before.keys() if after[path] != before[path]]
    lines += [f"{path} was {before[path]}, is {after[path]}" for path in changed]
    return sorted(lines)


def _files(engine: Engine, image: str, python: str) -> dict[str, str]:
    loaded: dict[str, str] = json.loads(distributions.run_inside(engine, image, python, "files"))
    return loaded
