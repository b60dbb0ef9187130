"""Let uv export the packages that the lock selects."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli
from packaging.pylock import Pylock

from frontend.errors import FrontendError, Location
from frontend.inputs import manifests
from frontend.inputs.inputs import BuildInputs, attached, check_lock
from frontend.project.manifest import for_export
from frontend.project.workspace import with_indexes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from frontend.gateway import Gateway
    from frontend.model.packages import Selection


EXPORT_TABLE = "uv-frontend"


def uv_binary() -> str:
    """Find uv: the one in our image, else (for developers) the one of this environment."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise FileNotFoundError("uv is neither beside this Python nor on PATH")
    return found


def export(
    files: Mapping[str, str],
    selection: Selection,
    place: Sequence[Location] = (),
    *,
    only_group: str = "",
) -> Pylock:
    """Let uv write the closure of `selection` as a PEP 751 lock, for every platform.

    With `only_group` it is the closure of that dependency group of the package or the root alone.

    `files` are the root manifest, the lock and the package's manifest, by path. FrontendError with
    uv's own words where uv refuses.
    """
    with tempfile.TemporaryDirectory(prefix="uv-frontend-") as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        command = [
            uv_binary(),
            "export",
            "--quiet",
            "--frozen",
            "--no-default-groups",
            "--no-header",
        ]
        command += ["--format", "pylock.toml"]
        for package in selection.packages:
            command += ["--package", package]
        if only_group:
            command += ["--only-group", only_group]
        else:
            command += [part for extra in selection.extras for part in ("--extra", extra)]
            command += [part for group in selection.groups for part in ("--group", group)]
        done = subprocess.run(
            command,
            cwd=folder,
            env={
                "HOME": folder,
                "PATH": os.defpath,
                "UV_CACHE_DIR": f"{folder}/.cache",
                "UV_NO_PROGRESS": "1",
                "UV_OFFLINE": "1",
                "UV_PREVIEW_FEATURES": "pylock",
                "UV_PYTHON_DOWNLOADS": "never",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        said = re.sub(r"^error: ", "", done.stderr.strip()).replace(f"{folder}/", "")
        raise FrontendError(
            f"uv cannot use this lock: {said}",
            remedy="Check with `uv lock --check`, and mend it with `uv lock`.",
            places=_named(said, place),
        )
    return _read(tomli.loads(done.stdout))


def _named(said: str, place: Sequence[Location]) -> tuple[Location, ...]:
    """The first line of the lock with a package that uv's message names; else `place`."""
    names = re.findall(r"`([A-Za-z0-9._-]+)`", said)
    for source in (each.source for each in place):
        for number, line in enumerate(source.text.split("\n"), 1):
            if any(f'name = "{name}"' in line for name in names):
                return (Location.line(source, number),)
    return tuple(place)


def _read(exported: dict[str, Any]) -> Pylock:
    """Read an export; packages that the lock has no file of are kept in its `tool` table.

    uv writes these down too (their wheels are all for other platforms), PEP 751 allows them not.
    """
    artifacts = {"wheels", "sdist", "archive", "directory", "vcs"}
    packages = exported.get("packages", [])
    exported["packages"] = [p for p in packages if not artifacts.isdisjoint(p)]
    exported["tool"] = {EXPORT_TABLE: {"empty": [p for p in packages if artifacts.isdisjoint(p)]}}
    return Pylock.from_dict(exported)


def export_files(inputs: BuildInputs) -> dict[str, str]:
    """Return what `uv export` needs to see, by path."""
    workspace = inputs.workspace
    files = {
        "pyproject.toml": for_export(workspace.root),
        "uv.lock": workspace.lock.for_export,
    }
    for package in inputs.packages:
        if package.path != ".":
            manifest = workspace.manifest(package)
            files[f"{package.path}/pyproject.toml"] = manifest.source.text
    return files


def read_closure(gateway: Gateway, inputs: BuildInputs) -> tuple[Pylock, BuildInputs]:
    """Let uv name the closure, and read the manifests of the directories in it.

    FrontendError where the lock does not fit them, before anything slow is waited for.
    """
    workspace, files = inputs.workspace, export_files(inputs)
    needed = [workspace.lock.local_packages[name] for name in inputs.local_names]
    export_in_background = gateway.begin(
        lambda: export(files, inputs.selection, (workspace.lock.place(inputs.package.name),))
    )
    read = manifests.read_manifests(gateway, inputs.context, workspace, needed)
    read = manifests.read_helpers(gateway, inputs.context, read)
    inputs = replace(inputs, workspace=with_indexes(read, inputs.local_names))
    # In this order: uv says less well what is wrong with a lock that is out of date.
    findings = check_lock(inputs)
    with attached(findings):
        pylock = export_in_background()
    return pylock, replace(inputs, findings=(*inputs.findings, *findings))
