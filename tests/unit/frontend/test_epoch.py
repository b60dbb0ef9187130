"""The time of a context, as an engine that knows it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

import llb
from frontend.context import Context
from frontend.context.source import FixedSource, LocalSource
from frontend.errors import FrontendError
from frontend.gateway.types import SourceMeta
from frontend.resolve import epoch

if TYPE_CHECKING:
    from frontend.gateway import Gateway

COMMIT = b"""tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
author A <a@example.org> 1234567000 +0000
committer B <b@example.org> 1234567890 -0730

committer C <c@example.org> 1 +0000
"""


class Daemon:
    """Answers what the frontend asks about sources; `new` is BuildKit 0.29 or later."""

    def __init__(self, known: SourceMeta | None = None, *, new: bool = True) -> None:
        self.known, self.new = known, new
        self.asked: list[str] = []

    def ping(self) -> Any:
        return type("Pong", (), {"llb": self, "frontend": self})

    def supports(self, capability: str) -> bool:
        return self.new

    def resolve_source(self, identifier: str, attrs: Any, *, log_name: str) -> SourceMeta:
        self.asked.append(identifier)
        assert self.known is not None
        return self.known


NO_TIME = "SOURCE_DATE_EPOCH=context has no effect: this context has no time"


def fetched(output: llb.Output) -> Context:
    return Context(FixedSource(output, output))


def ask(daemon: Daemon, context: Context) -> tuple[int | None, list[str]]:
    seconds, findings = epoch.of_context(cast("Gateway", daemon), context)
    return seconds, [finding.text for finding in findings]


def test_commit() -> None:
    daemon = Daemon(SourceMeta("", {}, git_commit_object=COMMIT))
    assert ask(daemon, fetched(llb.git("https://git.example/shop.git", "main"))) == (1234567890, [])
    assert daemon.asked == ["git://git.example/shop.git#main"]


def test_download() -> None:
    daemon = Daemon(SourceMeta("", {}, http_last_modified=1234567890))
    assert ask(daemon, fetched(llb.http("https://files.example/shop.tar"))) == (1234567890, [])


def test_server_that_does_not_tell() -> None:
    daemon = Daemon(SourceMeta("", {}))
    assert ask(daemon, fetched(llb.http("https://files.example/shop.tar"))) == (None, [NO_TIME])


def test_directory() -> None:
    daemon = Daemon()
    assert ask(daemon, Context(LocalSource("context", "session"))) == (None, [NO_TIME])
    assert not daemon.asked


def test_engines_that_take_a_number_only() -> None:
    with pytest.raises(FrontendError, match="takes a number only"):
        ask(Daemon(new=False), Context(LocalSource("context", "session")))
