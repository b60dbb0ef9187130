"""An engine in a network namespace of its own, where nothing can be reached but a mirror.

The namespace has no interface to the machine, and no route: what the engine, its registry and the
mirror listen on is the namespace's own loopback address. The engine's API is a unix socket, which
namespaces don't separate, so the tests reach it.

`unshare --net python3 -m tests.hermetic.island KIND NAME FOLDER` serves the files of a folder below
`/files/`, runs the engine, prints the mirror's address, and answers every line that it reads with
the paths that the mirror was asked for, until there is nothing more to read.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.contexts.server import serve
from tests.engine import Engine, EngineUnavailable, network

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Island:
    """The engine, and the address of the mirror as the engine sees it."""

    engine: Engine
    mirror: str
    _questions: IO[str]
    _answers: IO[str]

    @property
    def asked(self) -> list[str]:
        """The paths of all requests to the mirror, in their order."""
        self._questions.write("asked\n")
        self._questions.flush()
        found: list[str] = json.loads(self._answers.readline())
        return found

    @property
    def routes(self) -> list[str]:
        """The interfaces that the namespace's routes lead to."""
        table = Path(f"/proc/{self.engine.pid}/net/route").read_text()
        return [line.split()[0] for line in table.splitlines()[1:]]


@contextmanager
def start(kind: str, name: str, files: Path) -> Iterator[Island]:
    """Run an engine and a mirror of the files in a folder until the block ends.

    Raises EngineUnavailable.
    """
    unshare = shutil.which("unshare")
    if unshare is None:
        raise EngineUnavailable("the program unshare (util-linux) is missing")
    module = [sys.executable, "-m", __name__, kind, name, str(files)]
    process = subprocess.Popen(
        [unshare, "--net", *module],
        cwd=_REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # With the end of its input it stops the engine, also when these tests are killed.
    with process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        mirror = process.stdout.readline().strip()
        engine = Engine.running(name) if mirror else None
        if engine is None:
            raise EngineUnavailable(f"no engine without network: {process.stderr.read()[-2000:]}")
        yield Island(engine, mirror, process.stdin, process.stdout)


def _main(kind: str, name: str, folder: Path) -> None:
    network.raise_loopback()
    with serve(folder) as site, Engine.start(kind, name, alone=True):
        site.files |= {f"files/{path.name}": path.read_bytes() for path in folder.iterdir()}
        print(site.url, flush=True)
        for _ in sys.stdin:
            print(json.dumps(site.asked), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
