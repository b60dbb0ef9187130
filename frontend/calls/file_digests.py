"""Digests of the workspace's files, made by one step on the engine: names and hashes come back.

The step is keyed by the files' contents, so that it runs only where one of them changed.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import llb
from frontend.container.paths import LAYER, ROOT
from frontend.context import ignoring_line

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from frontend.gateway import Gateway


_PYTHON = "/opt/uv-frontend/bin/python"
#: What `context.directory` leaves out of a package, but for version control.
_LEFT = re.compile(
    r"(?:^|/)(?:\.venv|__pycache__|[^/]*\.egg-info|\.(?:mypy|pytest|ruff)_cache|\.tox|\.nox)(?:/|$)"
    r"|\.py[co]$"
    r"|^build/(?:lib|bdist\.)|^dist/[^/]*\.(?:whl|tar\.gz)$"
)
#: Of a file its digest, of a program another one, of a link where it leads.
_LIST = f"""\
import hashlib, json, os
top, found = "{ROOT}/src", {{}}
for folder, names, files in os.walk(top):
    for name in files + [name for name in names if os.path.islink(os.path.join(folder, name))]:
        path = os.path.join(folder, name)
        if os.path.islink(path):
            said = "link " + os.readlink(path)
        elif os.path.isfile(path):
            with open(path, "rb") as file:
                said = hashlib.sha256(file.read()).hexdigest()
            said += " program" if os.stat(path).st_mode & 0o111 else ""
        else:
            continue
        found[os.path.relpath(path, top)] = said
with open("{LAYER}/files.json", "w") as file:
    json.dump(found, file, sort_keys=True)
"""


@dataclass(frozen=True)
class FileDigests:
    """The files of a context: what each path holds."""

    files: Mapping[str, str]

    def below(
        self, folder: str, without: Container[str] = (), *, keeps_git: bool = False
    ) -> dict[str, str]:
        """Return the files of a directory by their paths in it, less what builds leave behind.

        `without` are paths of the context to leave out, with all that is below.
        """
        inside, found = "" if folder == "." else f"{folder}/", {}
        for path in self._paths[bisect_left(self._paths, inside) :]:
            if not path.startswith(inside):
                break
            own = path.removeprefix(inside)
            if any(inside + way in without for way in _ways(own)):
                continue
            if not _left_over(own, keeps_git=keeps_git):
                found[own] = self.files[path]
        return found

    def selected(self, patterns: Iterable[str]) -> dict[str, str]:
        """Return the files that `patterns` name, as those of ignore files do, by path."""
        lines = "\n".join(pattern.strip("/") for pattern in patterns)
        return {path: said for path, said in self.files.items() if ignoring_line(lines, path)}

    @cached_property
    def _paths(self) -> list[str]:
        return sorted(self.files)


def _ways(path: str) -> list[str]:
    """A path, and all the directories above it."""
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def _left_over(path: str, *, keeps_git: bool) -> bool:
    if not keeps_git and ".git" in path.split("/"):
        return True
    return bool(_LEFT.search(path))


def list_files(
    gateway: Gateway, own: llb.Output, filesystem: llb.Output, platform: llb.Platform, what: str
) -> FileDigests:
    """Let the engine hash all of `filesystem`; `own` is our image, whose Python does it."""
    step = llb.run(
        [_PYTHON, "-I", "-S", "-c", _LIST],
        mounts=[
            llb.Bind("/", own),
            llb.Writable(LAYER, llb.SCRATCH),
            llb.Bind(f"{ROOT}/src", filesystem),
        ],
        network=llb.Network.NONE,
        platform=platform,
        meta=llb.Metadata(name=f"[internal] hash {what}"),
    )
    data = gateway.solve(step.output(LAYER)).read_file("files.json")
    return FileDigests(json.loads(data))
