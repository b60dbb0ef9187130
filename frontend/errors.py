"""What a user can get wrong, as one kind of exception: what is wrong, where, what to do.

```
Exception
└── FrontendError               everything a user can cause; shown with an excerpt of the file
    └── UnsupportedCallError    `--call` asks for what there is not; clients look for its kind
```

Anything else that reaches the top is a bug of ours and is reported as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SourceFile:
    """A text file of the user's, under the name the user knows it by.

    `language` is the name used by GitHub's linguist (`TOML`), which BuildKit records beside it.
    `passwords` are the lines (1-based) from which the password of an address was left out.
    """

    filename: str
    text: str
    language: str = "TOML"
    passwords: tuple[int, ...] = ()


@dataclass(frozen=True)
class Location:
    """Whole lines `start` to `end` (1-based, inclusive) of a file."""

    source: SourceFile
    start: int
    end: int

    @classmethod
    def line(cls, source: SourceFile, line: int) -> Location:
        """Return one line of `source`."""
        return cls(source, line, line)


class FrontendError(Exception):
    """A failure that the user can mend.

    `message` says what is wrong in one sentence, `remedy` what to do about it, `places` where; the
    first place is the most important one. buildx prints an excerpt for each place. `findings` are
    those (of `frontend.findings`) that the failed stage made before, which may explain it.
    """

    def __init__(
        self, message: str, *, remedy: str = "", places: tuple[Location, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.places = places
        self.findings: tuple[Any, ...] = ()

    @property
    def text(self) -> str:
        """Return message and remedy as the user reads them."""
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class UnsupportedCallError(FrontendError):
    """What `--call` asks for does not exist here; `call` is its id."""

    def __init__(self, call: str, *, remedy: str) -> None:
        # The daemon adds "unsupported request" (BuildKit, `solver/errdefs/subrequest.go`).
        super().__init__(f"there is no --call={call.removeprefix('frontend.')}", remedy=remedy)
        self.call = call
