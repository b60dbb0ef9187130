"""Each lock, and the plans that are made of it.

`python -m tests.plans.snapshots` writes the plans anew, to be reviewed as a diff.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from examples import lock
from tests.shop.plans import plan_text
from tests.unit.frontend.locks import HEAD, edges, manifest, package, registry

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME = Path(__file__).parent
GOLDEN = HOME / "golden"
PLATFORM = HOME / "platform.txt"


@dataclass(frozen=True)
class Snapshot:
    """One plan: of a workspace, for a Python, with build arguments."""

    name: str
    workspace: str
    python: str = "3.13.5"
    arguments: Mapping[str, str] = field(default_factory=dict)

    @property
    def golden(self) -> Path:
        """The file with the plan."""
        return GOLDEN / f"{self.name}.txt"

    def text(self, folder: Path) -> str:
        """The plan, made of the locked workspace in `folder`."""
        return plan_text(folder, self.workspace, python=self.python, **self.arguments)


SNAPSHOTS = (
    Snapshot("conflict-classic", "research", "3.11.9", {"extras": "classic"}),
    Snapshot("conflict-current", "research", "3.13.5", {"extras": "current"}),
    Snapshot("forks-3.11", "forks", "3.11.9"),
    Snapshot("forks-3.13", "forks", "3.13.5"),
    Snapshot("sources", "sources"),
    Snapshot("platform", "platform", "3.11.7"),
    Snapshot("platform-heavy", "platform", "3.11.7", {"heavy": "pyspark,ray", "layers": "20"}),
)


def prepare(workspace: str, folder: Path) -> Path:
    """Put the workspace into `folder`, locked. LockError if uv cannot lock."""
    if workspace == "platform":
        for path, text in platform_files().items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder
    shutil.copytree(HOME / "workspaces" / workspace, folder, dirs_exist_ok=True)
    if workspace == "sources":
        _place_sources(folder)
    lock.lock(folder)
    return folder


def platform_files() -> dict[str, str]:
    """A workspace whose lock has the packages of `platform.txt`, all needed by its only member."""
    parts = [HEAD, '\n[manifest]\nmembers = ["platform"]\n']
    names = []
    for line in PLATFORM.read_text().splitlines():
        name, version, size, *built = line.split()
        names.append(name)
        # `registry` makes a source distribution twice as big as a wheel.
        weight, wheels = (int(size) // 2, []) if built else (int(size), ["py3-none-any"])
        parts.append(registry(name, version, wheels, size=weight))
    needs = edges("dependencies", *names)
    parts.append(package("platform", 'editable = "platform"', "1.0", needs))
    return {
        "pyproject.toml": '[tool.uv.workspace]\nmembers = ["platform"]\n',
        "uv.lock": "".join(parts),
        "platform/pyproject.toml": manifest("platform", f"dependencies = {names}"),
    }


def _project(name: str, version: str) -> dict[str, str]:
    return {
        "pyproject.toml": f'[project]\nname = "{name}"\nversion = "{version}"\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
        f"{name}.py": "",
    }


def _place_sources(folder: Path) -> None:
    repository, vendor = folder / ".repository", folder / "vendor"
    vendor.mkdir()
    _write(folder / "nearby", _project("nearby", "0.5"))
    _write(repository, _project("cloned", "1.4"))
    _git(repository, "init", "--quiet")
    _git(repository, "add", ".")
    _git(repository, "commit", "--quiet", "--message=1.4")
    _git(repository, "tag", "v1.4")
    with tarfile.open(vendor / "vendored-2.0.tar.gz", "w:gz") as archive:
        info = "Metadata-Version: 2.2\nName: vendored\nVersion: 2.0\n"
        for path, text in {**_project("vendored", "2.0"), "PKG-INFO": info}.items():
            entry = tarfile.TarInfo(f"vendored-2.0/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    with zipfile.ZipFile(vendor / "packed-3.1-py3-none-any.whl", "w") as wheel:
        told = "packed-3.1.dist-info"
        wheel.writestr(f"{told}/METADATA", "Metadata-Version: 2.1\nName: packed\nVersion: 3.1\n")
        wheel.writestr(f"{told}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{told}/RECORD", "")
    root = folder / "pyproject.toml"
    root.write_text(root.read_text().replace("REPOSITORY", str(repository)))


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir()
    for path, text in files.items():
        (folder / path).write_text(text)


def _git(folder: Path, *arguments: str) -> None:
    who = {"NAME": "someone", "EMAIL": "someone@index.example", "DATE": "2026-01-01T00:00:00Z"}
    env = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in who.items()}
    command = ["git", "-C", str(folder), *arguments]
    subprocess.run(command, check=True, env={**os.environ, **env})


def main() -> None:
    """Write every plan."""
    with tempfile.TemporaryDirectory() as top:
        for workspace in {snapshot.workspace for snapshot in SNAPSHOTS}:
            folder = prepare(workspace, Path(top, workspace))
            for snapshot in SNAPSHOTS:
                if snapshot.workspace == workspace:
                    GOLDEN.mkdir(exist_ok=True)
                    snapshot.golden.write_text(snapshot.text(folder))


if __name__ == "__main__":
    main()
