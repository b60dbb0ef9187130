"""Changes of a workspace's text, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.benchmark.workspaces import (
    HEAVY,
    SHOP,
    Subject,
    Workspace,
    add_dependency,
    bump,
    depend,
    edit,
    edit_unrelated,
    set_locked_version,
    set_version,
)

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = """\
[project]
name = "api"
version = "1.2.0"
dependencies = [
    "redis",
]

[tool.ruff]
required-version = ">=0.1"
"""
LOCK = """\
version = 1

[[package]]
name = "api"
version = "1.2.0"
source = { editable = "api" }

[[package]]
name = "api-tools"
version = "1.2.0"
"""
LOCK_AFTER = LOCK.replace('"api"\nversion = "1.2.0"', '"api"\nversion = "77.3"')
FILES = {
    "Dockerfile": "# ours",
    "api/app.py": "A = 1\n",
    "api/pyproject.toml": MANIFEST,
    "other/module.py": "B = 2\n",
    "uv.lock": LOCK,
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    subject = Subject(
        "small", tmp_path, "api", "api/pyproject.toml", "api/app.py", "other/module.py"
    )
    folder = tmp_path / "pristine"
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    added = {
        name: {"api/pyproject.toml": add_dependency(MANIFEST, name), "uv.lock": f"with {name}"}
        for name in ("one", "two")
    }
    return Workspace(subject, folder, added)


@pytest.fixture
def copy(workspace: Workspace, tmp_path: Path) -> Path:
    workspace.copy_to(tmp_path / "copy")
    (tmp_path / "copy/Dockerfile").write_text("# another")
    return tmp_path / "copy"


def changed(copy: Path) -> dict[str, str]:
    """The files that are not as they were, the Dockerfile aside."""
    now = {path: (copy / path).read_text() for path in FILES if path != "Dockerfile"}
    return {path: text for path, text in now.items() if text != FILES[path]}


def test_edits(workspace: Workspace, copy: Path) -> None:
    edit(workspace, copy, 7)
    assert changed(copy) == {"api/app.py": "A = 1\n\nEDITED = 7\n"}
    workspace.restore(copy)
    edit_unrelated(workspace, copy, 8)
    assert changed(copy) == {"other/module.py": "B = 2\n\nEDITED = 8\n"}


def test_bump_changes_manifest_and_lock(workspace: Workspace, copy: Path) -> None:
    bump(workspace, copy, 3)
    assert changed(copy) == {
        "api/pyproject.toml": MANIFEST.replace("1.2.0", "77.3"),
        "uv.lock": LOCK_AFTER,
    }


def test_each_dependency_is_added_in_turn(workspace: Workspace, copy: Path) -> None:
    for number, name in enumerate(("one", "two")):
        depend(workspace, copy, number)
        assert changed(copy) == workspace.with_dependency[name]


def test_restore_keeps_the_dockerfile(workspace: Workspace, copy: Path) -> None:
    bump(workspace, copy, 1)
    edit(workspace, copy, 1)
    workspace.restore(copy)
    assert changed(copy) == {}
    assert (copy / "Dockerfile").read_text() == "# another"


def test_text_without_a_single_place_is_refused() -> None:
    with pytest.raises(ValueError, match="0 places"):
        add_dependency('dependencies = ["redis"]\n', "one")
    with pytest.raises(ValueError, match="2 places"):
        set_version('version = "1"\nversion = "2"\n', "3")
    with pytest.raises(ValueError, match="0 places"):
        set_locked_version(LOCK, "worker", "3")


@pytest.mark.parametrize("subject", [SHOP, HEAVY], ids=lambda subject: subject.name)
def test_subjects_can_be_changed(subject: Subject) -> None:
    manifest = (subject.source / subject.manifest).read_text()
    assert '"toolz"' in add_dependency(manifest, "toolz")
    assert 'version = "77.1"' in set_version(manifest, "77.1")
    for path in filter(None, (subject.edited, subject.unrelated)):
        assert (subject.source / path).is_file()
