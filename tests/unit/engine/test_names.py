"""The engine's name server remembers what settles a question."""

from __future__ import annotations

from tests.engine.names import Answers, nameservers

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
