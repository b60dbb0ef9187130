"""The engine's name server remembers what settles a question."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

from tests.engine import names
from tests.engine.names import Answers, Forwarder, nameservers

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

QUESTION = b"\x12\x34" + bytes(10) + b"\x04name\x00\x00\x01\x00\x01"
SAME_AGAIN = b"\xab\xcd" + QUESTION[2:]


def answer(code: int) -> bytes:
    return b"\x12\x34\x81" + bytes([0x80 | code]) + QUESTION[4:] + b"address"


def test_answer_gets_the_number_of_the_question() -> None:
    answers = Answers()
    answers.keep(QUESTION, answer(0), now=100.0)
    assert answers.get(SAME_AGAIN, now=101.0) == b"\xab\xcd" + answer(0)[2:]


def test_answer_grows_old() -> None:
    answers = Answers()
    answers.keep(QUESTION, answer(0), now=100.0)
    assert answers.get(QUESTION, now=131.0) is None


def test_old_answer_is_better_than_none() -> None:
    answers = Answers()
    answers.keep(QUESTION, answer(0), now=100.0)
    assert answers.get(QUESTION, now=3000.0, stale=True) == answer(0)
    assert answers.get(QUESTION, now=4000.0, stale=True) is None


def test_that_a_name_does_not_exist_is_an_answer_but_a_failure_is_not() -> None:
    answers = Answers()
    answers.keep(QUESTION, answer(3), now=0.0)
    assert answers.get(QUESTION, now=1.0) == answer(3)
    answers = Answers()
    answers.keep(QUESTION, answer(2), now=0.0)
    assert answers.get(QUESTION, now=1.0) is None


def test_name_servers_are_those_of_resolv_conf() -> None:
    text = "# nameserver 192.0.2.1\nsearch example\nnameserver 192.0.2.2\nnameserver fd00::1\n"
    assert nameservers(text) == ["192.0.2.2"]


class Sent:
    """Stands for the socket that askers are answered by."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []

    def sendto(self, data: bytes, addr: Any) -> None:
        self.answers.append(data)


def ask(
    monkeypatch: pytest.MonkeyPatch, said: Iterator[bytes | None], questions: int
) -> list[bytes]:
    """What a forwarder answers to questions, one by one, whose server says `said`."""

    async def exchange(question: bytes, server: str) -> bytes | None:
        return next(said)

    async def run() -> list[bytes]:
        forwarder, sent = Forwarder(["192.0.2.1"]), Sent()
        forwarder.connection_made(sent)
        for number in range(1, questions + 1):
            forwarder.datagram_received(QUESTION, ("192.0.2.2", 5353))
            async with asyncio.timeout(10):
                while len(sent.answers) < number:
                    await asyncio.sleep(0.001)
        return sent.answers

    monkeypatch.setattr(names, "_exchange", exchange)
    monkeypatch.setattr(names, "_PATIENCE", 0.001)
    return asyncio.run(run())


def test_a_server_that_fails_or_is_silent_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(monkeypatch, iter([None, answer(2), None, answer(0)]), 1) == [answer(0)]


def test_a_server_that_fails_for_good_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(monkeypatch, itertools.repeat(answer(2)), 1) == [answer(2)]


def test_an_old_answer_is_given_while_no_newer_one_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_FRESH", 0.0)
    said = itertools.chain([answer(0)], itertools.repeat(answer(2)))
    assert ask(monkeypatch, said, 2) == [answer(0), answer(0)]
