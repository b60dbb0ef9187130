"""Contexts: where the files of a build come from, and how they enter it.

```
ignore        .dockerignore
source        a directory of the client's, or a filesystem that BuildKit makes: git, archive, input
directory     Context: what is read of a source, and copied from it
opening       which source the main context is          `docker buildx build WHERE`
address       the forms of a git address
download      what is behind an HTTP address: an archive, or the build file
named         contexts by name                          `--build-context NAME=WHERE`
members       packages of the workspace that a named context replaces
reads         the first files that every build reads
```

What only some builds need (address, download, named, members) is imported where it is needed.
"""

from __future__ import annotations

from frontend.context.directory import Context, workspace_path
from frontend.context.ignore import ignoring_line, parse_ignore
from frontend.context.reads import BuildFile, FirstReads, head, read_text, read_texts

__all__ = [
    "BuildFile",
    "Context",
    "FirstReads",
    "head",
    "ignoring_line",
    "parse_ignore",
    "read_text",
    "read_texts",
    "workspace_path",
]
