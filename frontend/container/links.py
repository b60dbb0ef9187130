"""Mounts of the folders that `find-links` and local indexes name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import llb
from frontend.container.paths import LINKS
from frontend.project.uv_config import folders
from frontend.project.workspace import check_inside, workspace_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.context import Context
    from frontend.project.workspace import Workspace


def link_mounts(
    settings: Mapping[str, Any], workspace: Workspace, context: Context
) -> list[llb.Mount]:
    """The folders that builds may take their requirements from; FrontendError for one elsewhere."""
    mounts: list[llb.Mount] = []
    for number, folder in enumerate(folders(settings)):
        check_inside(workspace, folder, folder)
        path = workspace_path(workspace.folder, folder)
        files = context.directory(path, name=f"index {folder}")
        mounts.append(llb.Bind(f"{LINKS}/{number}", files))
    return mounts
