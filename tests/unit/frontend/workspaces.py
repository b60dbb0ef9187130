"""Workspaces of a few files, for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from frontend.errors import SourceFile
from frontend.project.workspace import open_workspace
from frontend.toml_document import TomlDocument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.project.workspace import Workspace


def document(text: str, filename: str = "pyproject.toml") -> TomlDocument:
    """Parse a manifest."""
    return TomlDocument.parse(SourceFile(filename, text))


def workspace(
    root: str, lock: str, manifests: Mapping[str, str] | None = None, folder: str = "."
) -> Workspace:
    """Open a workspace; `manifests` are those of members, by their names."""
    prefix = "" if folder == "." else f"{folder}/"
    files = {
        prefix + name: SourceFile(prefix + name, text)
        for name, text in (("pyproject.toml", root), ("uv.lock", lock))
    }
    opened = open_workspace(folder, files)
    documents = {
        name: document(text, opened.manifest_path(opened.lock.local_packages[name]))
        for name, text in (manifests or {}).items()
    }
    return replace(opened, manifests=documents)
