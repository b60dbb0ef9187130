"""What `docker buildx build --call=NAME` can ask for: answers without an image.

BuildKit calls them subrequests (frontend/subrequests). An answer is metadata of the result:
`result.json` for programs and `result.txt` for people. Every module has one function:

```
answer(gateway, request, reads)  -> Result
```

Belongs here: what an answer says, and its forms.
Does not belong here: finding it out, which the stages of a build do.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from frontend.errors import UnsupportedCallError
from frontend.gateway import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontend.gateway import Gateway
    from frontend.inputs.first_reads import FirstReads
    from frontend.request import Request


_PREFIX = "frontend."


class Answering(Protocol):
    """What each of the modules offers."""

    def answer(self, gateway: Gateway, request: Request, reads: FirstReads) -> Result:
        """Find out what is asked for. FrontendError as in a build."""


@dataclass(frozen=True)
class Call:
    """A name for `--call`, the version of its JSON, and what it tells in a few words."""

    name: str
    version: str
    description: str

    @property
    def option(self) -> str:
        """What users write: buildx sends `check` under another name."""
        return {"lint": "check"}.get(self.name, self.name)

    @property
    def id(self) -> str:
        """Its name between clients and frontends."""
        return _PREFIX + self.name

    @property
    def module(self) -> Answering:
        """The module that answers."""
        name = self.name.rpartition(".")[2]
        return cast("Answering", import_module(f"{__name__}.{name}"))


CALLS = (
    Call("subrequests.describe", "1.0.0", "List available subrequest types"),
    Call("targets", "1.0.0", "List all targets, and all packages that can be built"),
    Call("plan", "1.0.0", "List the layers that the image would have"),
    Call("lint", "1.0.0", "Lint the workspace for what is allowed and still worth a word"),
    Call("outline", "1.0.0", "List build arguments, secrets, SSH agents and caches of a target"),
    Call("explain", "1.0.0", "Tell what changed since the image that `previous` names"),
    Call("affected", "1.0.0", "Tell a digest for each package's image"),
)


def answer(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """Answer the call of `request`; UnsupportedCallError where there is none like it."""
    found = {call.id: call for call in CALLS}
    if request.call not in found:
        names = [call.option for call in CALLS]
        asked = request.call.removeprefix(_PREFIX)
        nearest = difflib.get_close_matches(asked, names, n=1)
        raise UnsupportedCallError(
            request.call,
            remedy=f"Did you mean --call={nearest[0]}?"
            if nearest
            else f"--call can be: {', '.join(names)}.",
        )
    return found[request.call].module.answer(gateway, request, reads)


def result(document: Any, text: str, *, version: str = "1.0.0") -> Result:
    """Return an answer in both forms; `version` is that of the document's."""
    data = json.dumps(document, indent=2, ensure_ascii=False)
    return Result(
        metadata={
            "result.json": f"{data}\n".encode(),
            "result.txt": text.encode(),
            "version": version.encode(),
        }
    )


def table(rows: Sequence[Sequence[str]]) -> str:
    """Write rows under each other, the columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("   ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)
