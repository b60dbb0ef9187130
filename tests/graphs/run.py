"""Run a case: the frontend as a process, on the gateway of the tests."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.gateway import GatewayServer, Image, Outcome
from tests.graphs import sent
from tests.graphs.answers import Answers
from tests.graphs.case import PROFILES, Case
from tests.graphs.images import BASES, FRONTEND, Images
from tests.graphs.locks import LOCKS, UNCOMMITTED, source
from tests.graphs.protobuf import ops_pb2

_GIT = "git://code.example/acme/shop.git#main"
_COMMIT = b"tree 0\ncommitter nobody <nobody@mail.example> 1700000000 +0000\n\nMore\n"
PREVIOUS = "registry.example/previous:1"
ARGUMENTS = (sys.executable, "-m", "frontend")


@dataclass(frozen=True)
class Run:
    """What a case came to: the text to compare, and descriptions of vertices by digest."""

    text: str
    vertices: Mapping[str, str]


class _Fetched(Mapping[str, Path]):
    """What is behind addresses: a workspace for acme's git, an empty folder for all others."""

    def __init__(self, workspace: Path, empty: Path) -> None:
        self._workspace = workspace
        self._empty = empty

    def __getitem__(self, identifier: str) -> Path:
        if not identifier.startswith("git://code.example/acme/"):
            return self._empty
        _, _, subdirectory = identifier.partition("#")[2].partition(":")
        return self._workspace / subdirectory

    def __iter__(self) -> Iterator[str]:
        return iter([_GIT])

    def __len__(self) -> int:
        return 1


def run(case: Case) -> Run:
    """Run a case and write down all that the frontend sent."""
    with started(case) as (server, outcome):
        # A build that is refused ends while others of its calls are still on their way.
        complete = outcome.failure is None or bool(case.fails)
        vertices = sent.vertices(server) if complete else {}
        return Run(sent.text(server, outcome, complete=complete), vertices)


@contextmanager
def started(
    case: Case, command: Sequence[str] = ARGUMENTS
) -> Iterator[tuple[GatewayServer, Outcome]]:
    """Run a case; what has come of it can be looked at until the block ends."""
    extra = {}
    if case.previous:
        with started(case.previous) as (_, before):
            assert before.failure is None, before.failure
            extra[PREVIOUS] = Image(before.config())
    # What cannot be removed at once is left to the machine: nothing depends on it.
    folder = tempfile.TemporaryDirectory(prefix="graphs-", ignore_cleanup_errors=True)
    with folder as top, served(case, Path(top), extra) as it:
        yield it, it.run(command)


def served(case: Case, top: Path, extra: Mapping[str, Image] | None = None) -> GatewayServer:
    """Return the gateway for a case, not yet used; its files are below `top`."""
    context = place(case, top / "context")
    empty = top / "empty"
    empty.mkdir()
    folders = {}
    for name, given in case.contexts.items():
        folders[name] = top / f"context-{name}"
        if isinstance(given, str):
            _copy(given, folders[name])
        else:
            folders[name].mkdir()
            _change(folders[name], given)
    inputs = {}
    architecture = case.platform.split("/")[1]
    for name, given in case.inputs.items():
        folders[f"input-{name}"] = folder = top / f"input-{name}"
        if given in BASES:
            BASES[given].write(folder, architecture)
        else:
            workspace, _, below = given.partition(":")
            _copy(workspace, folder / below)
        inputs[name] = _local(f"input-{name}")
    return GatewayServer(
        context=context,
        locals=folders,
        opts={"source": FRONTEND, **case.options},
        images=Images(top / "images", extra or {}),
        sources=_Fetched(context, empty),
        commits={_GIT: _COMMIT},
        inputs=inputs,
        execs=Answers(architecture, case.writes, case.fails, case.emulated),
        profile=PROFILES[case.profile],
        platforms=(case.platform, "linux/386"),
    )


def place(case: Case, top: Path) -> Path:
    """Put a case's workspace into `top`, with its lock and what the case changes."""
    top.mkdir()
    _copy(case.workspace, top / case.folder)
    _change(top, case.files)
    return top


def _copy(workspace: str, folder: Path) -> Path:
    ignored = shutil.ignore_patterns(*UNCOMMITTED)
    shutil.copytree(source(workspace), folder, ignore=ignored, dirs_exist_ok=True)
    lock = LOCKS / f"{workspace}.lock"
    if lock.exists():
        shutil.copyfile(lock, folder / "uv.lock")
    return folder


def _change(folder: Path, files: Mapping[str, str | tuple[str, str] | None]) -> None:
    for name, change in files.items():
        path = folder / name
        if change is None:
            path.unlink()
        elif isinstance(change, str):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(change)
        else:
            text = path.read_text()
            assert change[0] in text, f"{name} has no {change[0]!r}"
            path.write_text(text.replace(*change))


def _local(name: str) -> ops_pb2.Definition:
    """A graph of one local directory, as clients make it."""
    local = ops_pb2.Op(source=ops_pb2.SourceOp(identifier=f"local://{name}"))
    data = local.SerializeToString(deterministic=True)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    end = ops_pb2.Op(inputs=[ops_pb2.Input(digest=digest)])
    definition = ops_pb2.Definition(metadata={digest: ops_pb2.OpMetadata()})
    getattr(definition, "def").extend([data, end.SerializeToString(deterministic=True)])
    return definition
