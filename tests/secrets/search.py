"""Looks for the values of secrets in everything that a build leaves."""

from __future__ import annotations

import base64
import gzip
import subprocess
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine import Build, Engine


@dataclass
class Search:
    """A search for `values`, begun before the build: only what is new since is looked at."""

    engine: Engine
    folder: Path
    values: tuple[str, ...]
    looked_at: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._moment = self.folder / "moment"
        self._moment.touch()
        self._mark = self.engine.log.mark()

    @property
    def needles(self) -> list[bytes]:
        """The values, and what they are in the header of a request."""
        plain = [value.encode() for value in self.values]
        # Of `user:password` a header has base64, in one of three forms that depend on what
        # stands before it; without its ends each form is the same whatever that is.
        coded = [
            base64.b64encode(b"x" * shift + value)[4:-4] for value in plain for shift in (0, 1, 2)
        ]
        return [*plain, *(code for code in coded if len(code) > 8)]

    def within(self, data: bytes) -> bool:
        """Whether a value is in a blob, compressed or not."""
        self.looked_at += 1
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        return any(needle in data for needle in self.needles)

    def archive(self, path: Path) -> list[str]:
        """The files with a value in a tar of an image: layers, configuration, attestations."""
        return [name for name, data in _files(path) if self.within(data)]

    def directory(self, path: Path) -> list[str]:
        """The files with a value in a folder, such as an exported cache."""
        files = [each for each in path.rglob("*") if each.is_file()]
        return [str(file) for file in files if self.within(file.read_bytes())]

    def said(self, build: Build) -> list[str]:
        """What the build printed, and the daemon's log."""
        texts = {
            "stdout": build.stdout,
            "stderr": build.stderr,
            "log": self.engine.log.since(self._mark),
        }
        return [name for name, text in texts.items() if self.within(text.encode())]

    def stored(self) -> list[str]:
        """The files with a value that the engine has written: snapshots, caches, records."""
        find = ["find", str(self.engine.data), "-xdev", "-type", "f", "-cnewer", str(self._moment)]
        grep = ["grep", "--files-with-matches", "--fixed-strings", "--no-messages"]
        patterns = [part for needle in self.needles for part in ("-e", needle.decode())]
        command = [*find, "-exec", *grep, *patterns, "{}", "+"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        # The engine goes on working, and takes away files of its own.
        problems = [line for line in done.stderr.splitlines() if "No such file" not in line]
        assert problems == []
        return done.stdout.splitlines()

    def saved(self, image: str) -> list[str]:
        """The files with a value in an image of the engine's store, and its history."""
        path = self.folder / "saved.tar"
        self.engine.docker("save", "--output", path, image)
        history = self.engine.docker("history", "--no-trunc", image).stdout
        return self.archive(path) + (["history"] if self.within(history.encode()) else [])

    def everywhere(self, build: Build, image: str = "") -> list[str]:
        """All of the above that a build by the name of `image` has left on the engine."""
        return [*self.said(build), *self.stored(), *(self.saved(image) if image else [])]


def _files(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content:
                yield member.name, content.read()
