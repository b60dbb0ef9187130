"""Paths inside the container of a step."""

from __future__ import annotations

import posixpath

ROOT = "/run/uv-frontend"
LAYER = "/layer"
#: Where a Python stands that is installed for a base without one, in steps and in the image.
MANAGED_PYTHON = "/opt/uv-python"
#: Its interpreter, by a link that does not name the patch version.
INTERPRETER = f"{MANAGED_PYTHON}/python/bin/python3"
#: The user that steps run as; caches of different users must not mix.
UID = 0
#: Where our image keeps uv.
UV_IN_IMAGE = "/opt/uv-frontend/bin/uv"
#: Name of the optional secret: a PEM bundle that uv, git and build backends then trust.
CA_SECRET = "ca"
#: Folders of sources in a step: those below the root of the workspace, and others.
SOURCES = "src"
OUTSIDE = "outside"
#: Where images of the target `dev` have the workspace.
DEV_SOURCES = f"/{SOURCES}"


def source_path(path: str) -> str:
    """Return the place of a workspace path, seen from the generated files."""
    return f"../{step_path(path)}"


def step_path(path: str) -> str:
    """Return the place of a workspace path in a step, below the folder that all have.

    What lies outside of the workspace's root has a folder of its own for each level above it.
    """
    parts = posixpath.normpath(path).split("/")
    above = parts.count("..")
    start = [OUTSIDE, str(above)] if above else [SOURCES]
    return "/".join([*start, *(part for part in parts if part not in (".", ".."))])


#: Where checkouts lie, beside the generated files.
FOLDER = "git"
#: Where a step finds the files that it installs, and those that it builds with.
ARTIFACTS = f"{ROOT}/artifacts"
TOOLS = f"{ROOT}/tools"
#: Environment of a step that has no network. uv's cache lies beside what it installs, and goes.
ENVIRONMENT = {
    "UV_CACHE_DIR": "/layer/.uv-cache",
    "UV_LINK_MODE": "hardlink",
    "UV_OFFLINE": "1",
}
#: Below /dev, which is no part of an image: mount points there leave no trace in the layer.
OWN = "/dev/uv-frontend"
#: Where a step that builds has the folders that are indexes.
LINKS = f"{ROOT}/links"
