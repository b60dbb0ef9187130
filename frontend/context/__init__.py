"""Contexts: how files of the client, of git or of an archive are described to the daemon.

```
ignore        .dockerignore
source        a directory of the client's, or a filesystem that BuildKit makes: git, archive, input
directory     Context: what is read of a source, and copied from it
```

Belongs here: which files a step gets, as operations of LLB.
Does not belong here: reading them in the frontend (`inputs`).
"""

from __future__ import annotations

from frontend.context.directory import Context
from frontend.context.ignore import ignoring_line, parse_ignore

__all__ = ["Context", "ignoring_line", "parse_ignore"]
