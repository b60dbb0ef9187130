"""A reference to a solved result, whose files can be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from frontend.gateway.failures import PathNotFoundError

if TYPE_CHECKING:
    from frontend.gateway.client import Gateway
    from frontend.gateway.entry import Entry


@dataclass(frozen=True)
class Ref:
    """A solved filesystem. An empty id is the empty filesystem; the daemon has nothing to read."""

    id: str
    _gateway: Gateway = field(repr=False, compare=False)

    def read_file(self, path: str, limit: int | None = None) -> bytes:
        """The content of a regular file, symlinks followed; with `limit` its first bytes.

        Raises PathNotFoundError, or GatewayError for what is no regular file or a failed step.
        """
        return self._gateway._read_file(self, path, limit)

    def read_dir(self, path: str = "/", pattern: str = "") -> tuple[Entry, ...]:
        """What is directly in a directory, by name; `pattern` as in .dockerignore.

        Raises PathNotFoundError, or GatewayError for a failed step.
        """
        return self._gateway._read_dir(self, path, pattern)

    def stat(self, path: str) -> Entry:
        """What `path` is, symlinks followed.

        Raises PathNotFoundError, or GatewayError for a failed step.
        """
        return self._gateway._stat(self, path)

    def exists(self, path: str) -> bool:
        """Whether there is anything at `path`. Raises GatewayError for a failed step."""
        try:
            self.stat(path)
        except PathNotFoundError:
            return False
        return True

    def evaluate(self) -> None:
        """Runs the steps behind this filesystem. Raises GatewayError if one fails."""
        self._gateway._evaluate(self)
