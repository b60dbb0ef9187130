"""A base with musl instead of glibc."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.engine import musl_image

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Engine

IMAGE = "uv-frontend-test/musl"
ASK = """\
import json, pathlib, sys
import markupsafe._speedups
import worker
print(json.dumps({
    "markupsafe": markupsafe._speedups.__file__,
    "escaped": markupsafe.escape("<a>"),
    "worker": worker.__file__,
    "loader": [path.name for path in pathlib.Path("/lib").iterdir()],
    "libraries": sorted({
        wheel.partition("Tag: ")[2].partition("\\n")[0].rpartition("-")[2]
        for path in pathlib.Path("/app/.venv").rglob("WHEEL")
        for wheel in [path.read_text()]
    }),
}))
"""


def test_wheels_for_musl(docker28: Engine, locked_shop: Path) -> None:
    if docker28.kind is None:
        pytest.skip("needs an engine of the tests' own")
    musl_image.provide(docker28)
    arguments = {"package": "worker", "base": f"python:{musl_image.TAG}"}
    docker28.build(locked_shop, tag=IMAGE, build_args=arguments)
    said = json.loads(docker28.run(IMAGE, "-c", ASK, options=["--entrypoint", "python"]).stdout)
    docker28.docker("rmi", "--force", IMAGE, check=False)
    assert "-linux-musl.so" in said["markupsafe"]
    assert said["escaped"] == "&lt;a&gt;"
    assert said["worker"].startswith("/app/.venv/lib/python3.13/site-packages/")
    # Nothing else than musl is there, and nothing for another C library.
    assert [name.partition("-")[0] for name in said["loader"]] == ["ld"]
    assert not [tag for tag in said["libraries"] if "manylinux" in tag]
    assert [tag for tag in said["libraries"] if "musllinux" in tag]
