"""Packages that the base has are not installed again, and can be imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bases.images import CONDA
from tests.errors.index import REACH
from tests.errors.shown import fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine import Engine
    from tests.errors.workspaces import Workspace

#: A distribution in a folder of packages, as pip leaves it.
INSTALLED = """\
RUN mkdir -p {folder}/{name}-{version}.dist-info \\
 && printf 'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n' \\
    > {folder}/{name}-{version}.dist-info/METADATA \\
 && printf 'VERSION = "{version} of the base"\\n' > {folder}/{name}.py
"""
SHOW = "import torch, helper; print(torch.VERSION, '|', helper.VERSION)"


def installed(folder: str, **packages: str) -> str:
    """Instructions that put packages into a folder."""
    return "".join(
        INSTALLED.format(folder=folder, name=name, version=version)
        for name, version in packages.items()
    )


CONDA_FOLDER = "/opt/conda/lib/python3.13/site-packages"
WITH_TORCH = CONDA.replace("USER ray\n", installed(CONDA_FOLDER, torch="2.9.1", helper="0.1"))
#: As images whose Python is an environment itself.
IN_ENVIRONMENT = f"""\
FROM python:3.13-slim
RUN python3 -m venv --without-pip /opt/env
{installed("/opt/env/lib/python3.13/site-packages", torch="2.8.0")}
ENV PATH=/opt/env/bin:/usr/bin:/bin VIRTUAL_ENV=/opt/env
"""


def keys(base: str, *more: str) -> str:
    head = f'# syntax=org/uv-frontend\nbase = "{base}"\nprovided = ["torch", "nvidia-*"]\n'
    return "\n".join([head, *more])


def test_base_with_torch(
    training: Workspace, docker28: Engine, based: Callable[[str, str], str]
) -> None:
    base = based("torch", WITH_TORCH)
    training.write("Dockerfile", keys(base))
    build = docker28.build(training.folder, REACH, tag="uv-frontend-test/torch")
    try:
        # torch is the base's, and what else the base has is behind what was locked.
        said = docker28.run("uv-frontend-test/torch", "python", "-c", SHOW).stdout
        assert said == "2.9.1 of the base | locked\n"
        listed = docker28.run(
            "uv-frontend-test/torch", "ls", "/app/.venv/lib/python3.13/site-packages"
        )
        assert "helper.py" in listed.stdout
        assert "torch" not in listed.stdout
        assert "nvidia" not in listed.stdout
        assert build.progress.warnings == ()
    finally:
        docker28.docker("rmi", "--force", "uv-frontend-test/torch", check=False)


def test_base_whose_python_is_in_an_environment(
    training: Workspace, docker28: Engine, based: Callable[[str, str], str]
) -> None:
    base = based("environment", IN_ENVIRONMENT)
    training.write("Dockerfile", keys(base))
    build = docker28.build(training.folder, REACH, tag="uv-frontend-test/torch")
    try:
        said = docker28.run("uv-frontend-test/torch", "python", "-c", SHOW).stdout
        assert said == "2.8.0 of the base | locked\n"
        assert [warning.short for warning in build.progress.warnings] == [
            f"{base} has torch 2.8.0, and the lock 2.9.1: the base's is used"
        ]
    finally:
        docker28.docker("rmi", "--force", "uv-frontend-test/torch", check=False)


def test_base_without_what_it_is_to_provide(training: Workspace, docker28: Engine) -> None:
    training.write("Dockerfile", keys("python:3.13-slim"))
    shown = fail(docker28, training.folder, REACH)
    assert shown.title == "python:3.13-slim has no torch, and provided names it"
    assert shown.where == 'Dockerfile:3\nprovided = ["torch", "nvidia-*"]'
