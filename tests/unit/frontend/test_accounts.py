"""Users by the base's own files, and users that are created."""

from __future__ import annotations

import pytest

from frontend.errors import FrontendError
from frontend.model.accounts import Account, choose, find

PASSWD = "root:x:0:0:root:/root:/bin/sh\nray:x:1000:100:Ray:/home/ray:/bin/sh"
GROUP = "root:x:0:\nusers:x:100:\n"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("ray", Account("1000", 1000, 100)),
        ("ray:root", Account("1000:0", 1000, 0)),
        ("1000", Account("1000", 1000, 100)),
        ("1000:1", Account("1000:1", 1000, 1)),
        ("1234567", Account("1234567", 1234567, 0)),
        ("1234567:users", Account("1234567:100", 1234567, 100)),
        ("root", Account("0", 0, 0)),
    ],
)
def test_users_that_need_nothing(user: str, expected: Account) -> None:
    assert find(user, PASSWD, GROUP) == expected


def test_a_user_is_created_with_a_group() -> None:
    found = find("nonroot", PASSWD, GROUP)
    assert (found.text, found.uid, found.gid) == ("65532", 65532, 65532)
    assert found.created
    line = "nonroot:x:65532:65532:nonroot:/home/nonroot:/usr/sbin/nologin\n"
    assert found.created.passwd == f"{PASSWD}\n{line}"
    assert found.created.group == f"{GROUP}nonroot:x:65532:\n"


def test_a_base_without_users() -> None:
    found = find("nonroot", "", "")
    assert found.created
    assert found.created.passwd.startswith("nonroot:x:65532:65532:")
    assert found.created.group == "nonroot:x:65532:\n"


def test_a_number_that_is_taken_is_not_given_again() -> None:
    found = find("app", f"{PASSWD}\nother:x:65532:65532::/:/bin/sh\n", GROUP)
    assert found.uid == 65531


def test_a_user_in_a_group_that_is_there_or_not() -> None:
    there = find("app:users", PASSWD, GROUP)
    assert there.created
    assert (there.text, there.created.group) == ("65532:100", GROUP)
    new = find("app:web", PASSWD, GROUP)
    assert new.created
    assert new.created.group == f"{GROUP}web:x:65532:\n"
    alone = find("ray:web", PASSWD, GROUP)
    assert alone.created
    assert (alone.text, alone.created.home) == (f"1000:{alone.created.gid}", "")
    assert alone.created.passwd == PASSWD


@pytest.mark.parametrize(
    "user",
    ["a b", ":", "x:", "a\nb", "a/b", "ä", ".", "..", "-x", "9" * 30, "9" * 5000, "4294967295"],
)
def test_what_is_no_user(user: str) -> None:
    with pytest.raises(FrontendError, match="is no user"):
        find(user, PASSWD, GROUP)


@pytest.mark.parametrize(
    ("user", "owner", "base", "expected"),
    [
        ("", "", "", ("", 0, 0)),
        ("", "", "ray", ("", 1000, 100)),
        ("", "", "1000:0", ("", 1000, 0)),
        ("root", "", "ray", ("0", 0, 0)),
        ("5", "", "ray", ("5", 0, 0)),
        ("5", "6:7", "ray", ("5", 6, 7)),
        ("", "0", "ray", ("", 0, 0)),
        ("", "", "gone", ("", 0, 0)),
        ("nonroot", "nonroot", "", ("65532", 65532, 65532)),
    ],
)
def test_who_owns_what_is_added(
    user: str, owner: str, base: str, expected: tuple[str, int, int]
) -> None:
    found = choose(user, owner, base, PASSWD, GROUP)
    assert (found.user.text, found.owner.uid, found.owner.gid) == expected
    assert len(found.created) == (1 if user == "nonroot" else 0)
