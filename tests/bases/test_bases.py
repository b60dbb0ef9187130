"""Bases with their own Python, users and folders: each is built on, and its image run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bases.images import CONDA, DEBIAN, DISTROLESS, OCCUPIED, own_python
from tests.bases.test_pages import bodies, instead

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bases.conftest import Image

ADDED = ("/app", "/app/.venv", "/app/.venv/bin/python", "/app/main.py")


def test_debian_with_its_own_python(
    build: Callable[..., Image], based: Callable[[str, str], str]
) -> None:
    image = build(f'base = "{based("debian", DEBIAN)}"\n')
    seen = image.look("/app", "/app/main.py")
    assert seen["base"] == "/usr"
    assert seen["prefix"] == "/app/.venv"
    assert seen["core"].startswith("/app/.venv/lib/python3.13/site-packages/core")
    assert set(map(tuple, seen["files"].values())) == {(0, 0, "0o755"), (0, 0, "0o644")}


def test_base_with_its_own_user(
    build: Callable[..., Image], based: Callable[[str, str], str]
) -> None:
    """Files belong to the base's user, in the layers that hold them and no others."""
    image = build(f'base = "{based("conda", CONDA)}"\nfiles = {{ "Dockerfile" = "/home/ray/" }}\n')
    seen = image.look(*ADDED, "/app/.venv/lib", "/home/ray", "/home/ray/Dockerfile")
    assert seen["base"] == "/opt/conda"
    assert (seen["uid"], seen["gid"], seen["home"]) == (1000, 100, "/home/ray")
    owners = {path: (uid, gid) for path, (uid, gid, _) in seen["files"].items()}
    assert set(owners.values()) == {(1000, 100)}, owners
    assert seen["files"]["/home/ray"][2] == "0o750"
    assert image.config["User"] == "ray"
    # The environment can be written to, as on a machine of one's own.
    image.python("-c", "open('/app/.venv/lib/python3.13/site-packages/x.py', 'w')")
    added = [line for line in image.history if not line.startswith(("RUN", "COPY", "layer of"))]
    assert [line for line in added if "owner" in line or "chown" in line] == []


def test_home_of_the_base_as_working_directory(
    build: Callable[..., Image], based: Callable[[str, str], str]
) -> None:
    image = build(f'base = "{based("conda", CONDA)}"\nworkdir = "/home/ray"\n')
    made = image.engine.run(image.name).stdout
    assert '"cwd": "/home/ray"' in made
    assert '"uid": 1000' in made


def test_distroless(build: Callable[..., Image], based: Callable[[str, str], str]) -> None:
    """No shell and no package manager: a builder with the same Python does the work.

    The Dockerfile is that of the page.
    """
    base = based("distroless", DISTROLESS)
    builder = based("distroless-builder", "FROM python:3.13-slim\n" + own_python("/usr/local"))
    (body,) = bodies("distroless")
    image = build(body, instead(base), f"--build-arg=builder={builder}")
    seen = image.look("/home/nonroot", "/app/main.py")
    assert seen["base"] == "/usr/local"
    assert (seen["uid"], seen["gid"], seen["home"]) == (65532, 65532, "/home/nonroot")
    assert seen["files"]["/home/nonroot"][:2] == [65532, 65532]
    assert image.config["User"] == "65532"
    assert image.engine.run(image.name, "sh", check=False).returncode
    # And without a builder of its own, where nothing has to be compiled.
    alone = build(f'base = "{base}"\n')
    assert alone.look()["base"] == "/usr/local"


def test_base_with_its_own_app(
    build: Callable[..., Image], based: Callable[[str, str], str]
) -> None:
    """Its environment is replaced, not mixed with; its folder keeps owner and mode."""
    base = based("occupied", OCCUPIED)
    for body in ("", "merge = false\n"):
        image = build(f'base = "{base}"\n{body}')
        seen = image.look("/app", "/app/data/kept", "/app/.venv", "/app/main.py")
        assert seen["files"]["/app"] == [1234, 1234, "0o2775"]
        assert seen["files"]["/app/data/kept"][:2] == [1234, 1234]
        assert seen["files"]["/app/.venv"] == [0, 0, "0o755"]
        gone = "import importlib.util as u, sys; sys.exit(u.find_spec('stale') is not None)"
        image.python("-c", gone)
        assert "without the base's /app/.venv" in image.history
