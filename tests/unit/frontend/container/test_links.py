"""Folders of the workspace that are indexes."""

from __future__ import annotations

import pytest

import llb
from frontend.container.links import link_mounts
from frontend.container.paths import LINKS
from frontend.context.directory import Context
from frontend.context.source import LocalSource
from frontend.errors import FrontendError
from tests.unit.frontend.environments import graph, operation
from tests.unit.frontend.locks import HEAD, manifest
from tests.unit.frontend.workspaces import workspace

SITE = workspace(manifest("mono"), HEAD, folder="site")
CONTEXT = Context(LocalSource("context", "s"))


def sources(mount: llb.Mount) -> list[str]:
    """Return the folders of the context that a mount is loaded from."""
    assert isinstance(mount, llb.Bind)
    assert isinstance(mount.source, llb.Output)
    loads = [operation(vertex).source.attrs for vertex in graph(mount.source)]
    return [load["local.includepattern"] for load in loads if "local.includepattern" in load]


def test_each_folder_has_a_number_in_one_order() -> None:
    settings = {
        "find-links": ["./wheels/", "https://links.example"],
        "index": [{"url": "flat"}, {"url": "https://index.example/simple"}, {"url": "wheels"}],
    }
    mounts = link_mounts(settings, SITE, CONTEXT)

    assert [mount.target for mount in mounts] == [f"{LINKS}/0", f"{LINKS}/1"]
    assert [sources(mount) for mount in mounts] == [['["site/flat"]'], ['["site/wheels"]']]


def test_addresses_are_no_folders() -> None:
    assert link_mounts({"index": [{"url": "https://index.example/simple"}]}, SITE, CONTEXT) == []
    assert link_mounts({}, SITE, CONTEXT) == []


def test_a_folder_beside_the_workspace_is_one_of_the_context() -> None:
    (mount,) = link_mounts({"find-links": ["../wheels"]}, SITE, CONTEXT)

    assert sources(mount) == ['["wheels"]']


def test_a_folder_outside_of_the_context_is_refused() -> None:
    with pytest.raises(FrontendError, match="lies outside of the build context"):
        link_mounts({"find-links": ["../../wheels"]}, SITE, CONTEXT)
