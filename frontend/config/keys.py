"""The names of the settings, and where each of them may be given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from frontend.errors import Location, SourceFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.toml_document import TomlDocument


#: The table of a manifest that holds the same keys as the build file.
TABLE = ("tool", "uv-frontend")
#: What an excerpt of a build argument is titled.
ARGUMENT = "build argument"
#: Keys that are joined name by name, and all that are tables of text.
TABLES = ("env", "labels")
TABLES_OF_TEXT = (*TABLES, "files")


@dataclass(frozen=True)
class SpecSource:
    """Keys from one place: a document's table, or build arguments as the user gave them."""

    values: Mapping[str, Any]
    document: TomlDocument | None = None
    table: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)

    def place(self, *key: str) -> Location | None:
        """Return the line that sets `key`; `env`, `A` is the one of that variable."""
        if self.document:
            return self.document.place(*self.table, *key)
        for name in (".".join(key), key[0]):
            if name in self.arguments:
                source = SourceFile(ARGUMENT, f"{name}={self.arguments[name]}", "")
                return Location.line(source, 1)
        return None
