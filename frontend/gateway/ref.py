"""A reference to a solved result, whose files can be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from frontend.gateway.failures import PathNotFoundError

if TYPE_CHECKING:
    from frontend.gateway.entry import Entry


class Reader(Protocol):
    """Read solved filesystems by their ids; `Gateway` is the one that asks the daemon."""

    def read_file(self, ref_id: str, path: str, limit: int | None) -> bytes:
        """Return the content of a regular file, or its first `limit` bytes."""

    def read_dir(self, ref_id: str, path: str, pattern: str) -> tuple[Entry, ...]:
        """Return the entries of a directory."""

    def stat(self, ref_id: str, path: str) -> Entry:
        """Return the entry of a path."""

    def evaluate(self, ref_id: str) -> None:
        """Run the steps behind the filesystem."""


@dataclass(frozen=True)
class Ref:
    """A solved filesystem. An empty id is the empty filesystem; the daemon has nothing to read."""

    id: str
    _reader: Reader = field(repr=False, compare=False)

    def read_file(self, path: str, limit: int | None = None) -> bytes:
        """Return the content of a regular file, symlinks followed; with `limit` its first bytes.

        Raises PathNotFoundError, or GatewayError for what is no regular file or a failed step.
        """
        return self._reader.read_file(self.id, path, limit)

    def read_dir(self, path: str = "/", pattern: str = "") -> tuple[Entry, ...]:
        """Return the entries of a directory, by name; `pattern` as in .dockerignore.

        Raises PathNotFoundError, or GatewayError for a failed step.
        """
        return self._reader.read_dir(self.id, path, pattern)

    def stat(self, path: str) -> Entry:
        """Return the entry of `path`, symlinks followed.

        Raises PathNotFoundError, or GatewayError for a failed step.
        """
        return self._reader.stat(self.id, path)

    def exists(self, path: str) -> bool:
        """Return whether there is anything at `path`. Raises GatewayError for a failed step."""
        try:
            self.stat(path)
        except PathNotFoundError:
            return False
        return True

    def evaluate(self) -> None:
        """Run the steps behind this filesystem. Raises GatewayError if one fails."""
        self._reader.evaluate(self.id)
