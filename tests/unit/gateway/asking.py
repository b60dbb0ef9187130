"""A frontend that asks its daemon how local sources are filtered and what file operations do.

Run against the tests' gateway its answers are compared with `answers.json`, which a real BuildKit
0.25 (Docker 28.5.2, containerd store) gave over the same directory. To ask another daemon: put this
repository and its dependencies into an image, make this module its entry point and build the
directory that `prepare` makes; the answers are in the daemon's log, or in the file that the
environment variable ANSWERS names.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    from frontend.gateway import transport

    connection = transport.connect()

import llb
from frontend.gateway import Gateway, GatewayError, Result, run_build

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from frontend.gateway import Ref

#: Names a file of its own for the answers: standard error has lines of gRPC's among ours.
FILE = "ANSWERS"

LOCALS: Sequence[Mapping[str, Sequence[str]]] = (
    {},
    {"include": ["src"]},
    {"include": ["*.py"]},
    {"include": ["**/*.py"]},
    {"include": ["src/**"]},
    {"include": ["src/*"]},
    {"include": ["**"]},
    {"include": ["src/de*/"]},
    {"include": ["src/deep/x.py"]},
    {"include": ["no/such"]},
    {"include": ["[a-p]*.toml"]},
    {"include": ["s?c/main.py"]},
    {"include": ["empty"]},
    {"include": ["src/main.py", "src/deep/*.py"]},
    {"include": ["!src/deep", "src"]},
    {"include": ["src", "!src/deep"]},
    {"include": ["src"], "exclude": ["src/deep"]},
    {"include": ["pyproject.toml", "uv.lock"], "exclude": ["uv.lock"]},
    {"exclude": ["src"]},
    {"exclude": ["/src"]},
    {"exclude": ["src/"]},
    {"exclude": ["./src"]},
    {"exclude": ["deep"]},
    {"exclude": ["**/deep"]},
    {"exclude": ["empty"]},
    {"exclude": ["src", "!src/deep"]},
    {"exclude": ["**/*.py", "!src/main.py"]},
    {"exclude": ["*"]},
    {"exclude": ["*", "!pyproject.toml", "!src/deep/x.py"]},
    {"exclude": ["**", "!**/*.toml"]},
    {"exclude": ["**/*.toml"]},
    {"exclude": ["src/**"]},
    {"exclude": ["src/**/x.py"]},
    {"exclude": ["src/*", "!src/deep/x.py"]},
    {"exclude": ["src/deep/*", "!src/deep/x.py"]},
    {"follow": ["link.py"]},
    {"follow": ["linkdir/x.py"]},
    {"follow": ["abs"]},
    {"follow": ["."]},
    {"follow": ["l*"]},
    {"follow": ["src/de*/x.py"]},
    {"follow": ["*.toml", "missing.txt"]},
)

FILES: Mapping[str, Callable[[llb.Output], Sequence[llb.Action]]] = {
    "a directory": lambda c: [llb.Copy(c, "/src", "/a")],
    "a directory, the target exists": lambda c: [llb.Mkdir("/a"), llb.Copy(c, "/src", "/a")],
    "a directory, into": lambda c: [llb.Copy(c, "/src", "/a/")],
    "a file": lambda c: [llb.Copy(c, "/src/main.py", "/b.py")],
    "a file, the target is a directory": lambda c: [
        llb.Mkdir("/d"),
        llb.Copy(c, "/src/main.py", "/d"),
    ],
    "a file, into what is made": lambda c: [
        llb.Copy(c, "/src/main.py", "/d/e/", create_dest_path=True)
    ],
    "a file, into what is missing": lambda c: [llb.Copy(c, "/src/main.py", "/d/e/")],
    "contents": lambda c: [llb.Copy(c, "/src", "/a", contents_only=True)],
    "contents, the target exists": lambda c: [
        llb.Mkdir("/a"),
        llb.Copy(c, "/src", "/a", contents_only=True),
    ],
    "wildcard": lambda c: [llb.Copy(c, "/src/*.py", "/a/", wildcard=True, create_dest_path=True)],
    "wildcard without match": lambda c: [
        llb.Copy(c, "/src/*.zzz", "/a/", wildcard=True, create_dest_path=True)
    ],
    "a link": lambda c: [llb.Copy(c, "/link.py", "/l")],
    "a link, followed": lambda c: [llb.Copy(c, "/link.py", "/l", follow_symlinks=True)],
    "what is included": lambda c: [
        llb.Copy(c, "/", "/a", include=("src/deep/*.py",), contents_only=True)
    ],
    "what is not excluded": lambda c: [
        llb.Copy(c, "/", "/a", exclude=("src", "**/*.toml"), contents_only=True)
    ],
    "what is missing": lambda c: [llb.Copy(c, "/nope", "/a")],
    "with a mode": lambda c: [llb.Copy(c, "/src", "/a", mode=0o700)],
    "everything": lambda c: [llb.Copy(c, "/", "/")],
    "everything, by a dot": lambda c: [llb.Copy(c, "/.", "/all")],
    "rm": lambda c: [llb.Copy(c, "/src", "/a"), llb.Rm("/a/deep")],
    "rm of nothing": lambda _: [llb.Rm("/nope")],
    "rm by wildcard": lambda c: [llb.Copy(c, "/src", "/a"), llb.Rm("/a/*.py", wildcard=True)],
    "mkdir with parents": lambda _: [llb.Mkdir("/x/y/z", parents=True, mode=0o711)],
    "mkdir twice": lambda _: [llb.Mkdir("/x"), llb.Mkdir("/x", mode=0o700)],
    "mkdir without parent": lambda _: [llb.Mkdir("/x/y")],
    "mkfile without parent": lambda _: [llb.Mkfile("/x/y", b"")],
}


def prepare(directory: Path) -> None:
    """Makes the directory that is asked about."""
    (directory / "src" / "deep").mkdir(parents=True)
    (directory / "empty").mkdir()
    for name in ("Dockerfile", "pyproject.toml", "uv.lock", "src/main.py", "src/run.sh"):
        (directory / name).touch(0o644)
    for name in ("src/deep/x.py", "src/deep/data.bin"):
        (directory / name).touch(0o644)
    (directory / "src/run.sh").chmod(0o755)
    (directory / "link.py").symlink_to("src/main.py")
    (directory / "linkdir").symlink_to("src/deep")
    (directory / "abs").symlink_to("/src/main.py")


def ask(gateway: Gateway) -> Result:
    """Writes everything down."""
    session = os.environ["BUILDKIT_SESSION_ID"]
    answers: dict[str, list[str]] = {}
    for number, patterns in enumerate(LOCALS):
        source = llb.local(
            "context",
            session=session,
            include=patterns.get("include", ()),
            exclude=patterns.get("exclude", ()),
            follow_paths=patterns.get("follow", ()),
            shared_key_hint=f"asking-{number}",
        )
        answers[f"local {json.dumps(patterns)}"] = _answer(gateway, source)
    everything = llb.local("context", session=session, shared_key_hint="asking-all")
    for name, actions in FILES.items():
        result = llb.files(llb.SCRATCH, *actions(everything))
        answers[f"files: {name}"] = _answer(gateway, result)
    if FILE in os.environ:
        Path(os.environ[FILE]).write_text(json.dumps(answers))
    else:
        sys.stderr.write(f"{json.dumps(answers)}\n")
    return Result()


def _answer(gateway: Gateway, what: llb.Output) -> list[str]:
    try:
        return _listing(gateway.solve(what), "/")
    except GatewayError:
        return ["an error"]


def _listing(ref: Ref, directory: str) -> list[str]:
    lines = []
    for entry in ref.read_dir(directory):
        path = f"{directory.rstrip('/')}/{entry.name}"
        target = f" -> {entry.link_target}" if entry.is_symlink else ""
        lines.append(f"{entry.kind.value} {entry.permissions:o} {path}{target}")
        if entry.is_dir:
            lines += _listing(ref, path)
    return lines


if __name__ == "__main__":
    os._exit(run_build(Gateway(connection), ask))
