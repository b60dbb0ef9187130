"""The files that hold what has been reviewed.

One for each case lists the vertices that were sent by name and digest. What each of them does
stands in VERTICES, once, since most are in the graphs of several cases.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.graphs.case import GOLDEN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tests.graphs.run import Run

REPOSITORY = Path(__file__).resolve().parents[2]
VERTICES = GOLDEN / "vertices" / "vertices.txt"
SCRIPTS = GOLDEN / "scripts" / "sha256.txt"
_STEPS = REPOSITORY / "frontend" / "steps"
_LISTED = re.compile(r"^== vertices\n((?:.+\n)*)", re.MULTILINE)


def path(name: str) -> Path:
    """Return the golden of a case."""
    return GOLDEN / f"{name}.txt"


def listed(text: str) -> set[str]:
    """Return the digests of the vertices that a case's text lists."""
    match = _LISTED.search(text)
    return {line.rpartition(" ")[2] for line in match[1].splitlines()} if match else set()


def all_listed() -> set[str]:
    """Return the digests of all vertices that goldens list."""
    return {digest for golden in GOLDEN.glob("*.txt") for digest in listed(golden.read_text())}


def described() -> dict[str, str]:
    """Return what each vertex does, as it has been reviewed."""
    if not VERTICES.exists():
        return {}
    lines = (line.partition(" ") for line in VERTICES.read_text().splitlines())
    return {digest: description for digest, _, description in lines}


def scripts() -> str:
    """Return the digests of the scripts that run inside containers."""
    files = sorted(path for path in _STEPS.iterdir() if path.suffix in (".py", ".sh"))
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in files
        if path.name != "__init__.py"
    )


def write(runs: Mapping[str, Run], names: Collection[str]) -> None:
    """Write the goldens of `runs`, and take away those of no case any more."""
    for name, run in runs.items():
        path(name).write_text(run.text)
    for golden in GOLDEN.glob("*.txt"):
        if golden.stem not in names:
            golden.unlink()
    known = described()
    for run in runs.values():
        known |= run.vertices
    # By what they do: a change of one stands beside what it was.
    kept = sorted((known[digest], digest) for digest in all_listed())
    for file, text in (
        (VERTICES, "".join(f"{digest} {description}\n" for description, digest in kept)),
        (SCRIPTS, scripts()),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def difference(name: str, run: Run) -> str:
    """Return how a run differs from its golden, for people; empty where it does not."""
    golden = path(name).read_text() if path(name).exists() else ""
    if golden == run.text:
        return ""
    before, after = golden.splitlines(), run.text.splitlines()
    lines = list(difflib.unified_diff(before, after, "golden", "now", lineterm="", n=1))
    gone, come = listed(golden) - listed(run.text), listed(run.text) - listed(golden)
    known = described()
    lines += ["", "vertices that are gone, and what they did:"]
    lines += sorted(f"- {known.get(digest, '?')} = {digest}" for digest in gone)
    lines += ["vertices that have come:"]
    lines += sorted(f"+ {run.vertices[digest]} = {digest}" for digest in come)
    return "\n".join(lines)
