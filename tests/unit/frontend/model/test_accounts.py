"""Laws of users that are looked up, and of those that are created."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.errors import FrontendError
from frontend.model.accounts import ROOT, Account, Accounts, choose, find

NAMES = st.sampled_from(["app", "web", "nonroot", "0", "1000", "65532", "7", "root"])
IDS = st.sampled_from([0, 7, 1000, 65531, 65532])
USERS = st.one_of(NAMES, st.tuples(NAMES, NAMES).map(":".join))
ROWS = st.lists(st.tuples(st.sampled_from(["app", "web", "root", "db"]), IDS, IDS), max_size=4)
ENDS = st.sampled_from(["", "\n"])


def passwd_of(rows: list[tuple[str, int, int]], end: str) -> str:
    lines = [f"{name}:x:{uid}:{gid}::/:/bin/sh" for name, uid, gid in rows]
    return "\n".join(lines) + (end if lines else "")


def group_of(rows: list[tuple[str, int, int]], end: str) -> str:
    lines = [f"{name}:x:{gid}:" for name, gid, _ in rows]
    return "\n".join(lines) + (end if lines else "")


PASSWD = st.builds(passwd_of, ROWS, ENDS)
GROUP = st.builds(group_of, ROWS, ENDS)


@given(USERS, PASSWD, GROUP)
def test_a_user_that_was_created_is_found_afterwards(user: str, passwd: str, group: str) -> None:
    first = find(user, passwd, group)
    if first.created is None:
        return
    assert first.created.passwd.startswith(passwd)
    assert first.created.group.startswith(group)
    again = find(user, first.created.passwd, first.created.group)
    assert (again.text, again.uid, again.gid, again.created) == (
        *(first.text, first.uid, first.gid),
        None,
    )


@given(USERS, PASSWD, GROUP)
def test_an_image_names_users_by_number(user: str, passwd: str, group: str) -> None:
    account = find(user, passwd, group)
    assert account.text == (f"{account.uid}:{account.gid}" if ":" in user else str(account.uid))


@given(st.sampled_from(["app", "web", "nonroot"]), PASSWD, GROUP)
def test_a_new_user_has_a_number_that_nobody_has(user: str, passwd: str, group: str) -> None:
    account = find(user, passwd, group)
    if account.created is None or account.created.passwd == passwd:
        return
    users = {int(line.split(":")[2]) for line in passwd.splitlines()}
    groups = {int(line.split(":")[2]) for line in group.splitlines()}
    assert account.uid not in users | groups
    # The last line alone is new, and nobody can log in.
    added = account.created.passwd.removeprefix(passwd).strip("\n")
    assert added.split(":") == [
        *(user, "x", str(account.uid), str(account.gid)),
        *(user, f"/home/{user}", "/usr/sbin/nologin"),
    ]


@given(st.text("ab:0/\n .-$_é", max_size=6))
def test_no_text_breaks_a_line_of_the_files(user: str) -> None:
    try:
        account = find(user, "", "")
    except FrontendError:
        return
    if account.created:
        for text, fields in ((account.created.passwd, 7), (account.created.group, 4)):
            assert {line.count(":") + 1 for line in text.splitlines()} <= {fields}
            assert len(text.splitlines()) <= 1


@given(USERS, PASSWD, GROUP)
def test_one_user_for_both_is_created_once(user: str, passwd: str, group: str) -> None:
    accounts = choose(user, user, "", passwd, group)
    assert len(accounts.created) <= 1
    assert (accounts.user.uid, accounts.user.gid) == (accounts.owner.uid, accounts.owner.gid)


@given(USERS, PASSWD, GROUP)
def test_a_base_that_lacks_its_user_gets_files_of_root(user: str, passwd: str, group: str) -> None:
    expected = find(user, passwd, group)
    accounts = choose("", "", user, passwd, group)
    assert accounts.owner == (ROOT if expected.created else expected)
    assert accounts.created == ()


def test_the_first_of_several_rows_counts() -> None:
    passwd = "app:x:7:8::/:/bin/sh\napp:x:65532:9::/:/bin/sh\n"
    assert find("app", passwd, "") == Account("7", 7, 8)
    group = "web:x:65531:\nweb:x:5:\n"
    assert find("7:web", passwd, group) == Account("7:65531", 7, 65531)
    # Numbers of later rows are taken all the same.
    assert find("new", passwd, group).uid == 65530


@pytest.mark.parametrize(("user", "owner"), [("", ""), ("0", ""), ("", "0")])
def test_nothing_is_created_for_root(user: str, owner: str) -> None:
    accounts = choose(user, owner, "", "", "")
    assert isinstance(accounts, Accounts)
    assert accounts.created == ()
    assert (accounts.owner.uid, accounts.owner.gid) == (0, 0)
