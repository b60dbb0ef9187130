"""Which vertexes of a build are steps of the one variant or the other."""

from __future__ import annotations

import pytest

from tests.benchmark.variants import GUIDE, OURS, VARIANTS, steps
from tests.engine import Vertex


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("[builder 4/6] RUN --mount=type=cache,target=/root/.cache/uv uv sync", 1),
        ("[stage-1 2/2] COPY --from=builder /app/.venv /app/.venv", 1),
        ("[linux/arm64 builder 3/6] WORKDIR /app", 1),
        ("[5/21] 2 packages: click-repl, cryptography (5 MB)", 1),
        ("[linux/arm64 5/21] member: api", 1),
        ("[builder 1/6] FROM docker.io/library/python:3.13-slim", 0),
        ("[internal] load build context", 0),
        ("[internal] lock of rich 15.0.0 (311 kB)", 0),
        ("[image] put 21 layers on the base", 0),
        ("exporting to image", 0),
    ],
)
def test_what_is_a_step(name: str, counted: int) -> None:
    assert steps((Vertex("sha256:a", name, started="T"),)) == counted


def test_only_executed_steps_count() -> None:
    found = Vertex("sha256:a", "[2/3] member: api", started="T", cached=True)
    waiting = Vertex("sha256:b", "[3/3] member: web")
    cancelled = Vertex("sha256:c", "[1/3] rich 15.0.0", started="T", error="context canceled")
    assert steps((found, waiting, cancelled)) == 0


def test_dockerfiles() -> None:
    assert OURS.dockerfile.read_text().strip() == "# syntax=org/uv-frontend"
    text = GUIDE.dockerfile.read_text()
    # A syntax line would replace the engine's built-in frontend by an image.
    assert "syntax=" not in text
    assert f"ARG {GUIDE.argument}\n" in text
    assert len({variant.name for variant in VARIANTS}) == 2
