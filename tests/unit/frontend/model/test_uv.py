"""The uv in the frontend's image."""

from __future__ import annotations

from pathlib import Path

import tomli

import frontend
import llb
from frontend.model.uv import UV_VERSION, Uv


def test_the_release_is_the_one_that_the_project_pins() -> None:
    project = tomli.loads((Path(frontend.__file__).parents[1] / "pyproject.toml").read_text())
    assert f"uv=={UV_VERSION}" in project["dependency-groups"]["dev"]


def test_an_image_of_uv_has_that_release_where_nobody_names_another() -> None:
    filesystem = llb.image("org/uv:1")
    assert Uv(filesystem).version == UV_VERSION
    assert Uv(filesystem, "0.9.0") != Uv(filesystem)
