"""Addresses of git repositories, divided as BuildKit divides them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llb import git_remote
from llb.git_remote import GitRemote


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://h/x.git", ("https://h/x.git", "", "")),
        ("https://h/x.git?ref=v1#main:sub", ("https://h/x.git", "ref=v1", "main:sub")),
        # What follows the first # is no query.
        ("https://h/x.git#a?b#c", ("https://h/x.git", "", "a?b#c")),
        ("git@h:x?a?b", ("git@h:x", "a?b", "")),
        ("#", ("", "", "")),
        ("", ("", "", "")),
    ],
)
def test_an_address_is_divided(address: str, expected: tuple[str, str, str]) -> None:
    assert git_remote.split(address) == expected


@given(st.text("a/:@.x"), st.none() | st.text("a=&?"), st.none() | st.text("a#?:/"))
def test_the_parts_make_the_address(remote: str, query: str | None, fragment: str | None) -> None:
    address = remote
    address += "" if query is None else f"?{query}"
    address += "" if fragment is None else f"#{fragment}"
    assert git_remote.split(address) == (remote, query or "", fragment or "")


@pytest.mark.parametrize(
    ("remote", "scheme"),
    [
        ("https://h/x", "https"),
        ("HTTPS://h/x", "https"),
        ("ssh://git@h/x", "ssh"),
        ("git://h/x", "git"),
        ("git@h:x", "ssh"),
        ("github.com/org/x", ""),
        ("h:x", ""),
        ("", ""),
    ],
)
def test_protocols(remote: str, scheme: str) -> None:
    assert git_remote.scheme(remote) == scheme


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://h/a/x.git", GitRemote("https://h/a/x.git", "h", "/a/x.git", ssh=False)),
        ("HTTPS://h:8443/x", GitRemote("https://h:8443/x", "h:8443", "/x", ssh=False)),
        # The account stays in the address, and is no part of the host.
        ("https://u:p@h/x", GitRemote("https://u:p@h/x", "h", "/x", ssh=False)),
        ("ssh://git@h:22/x", GitRemote("ssh://git@h:22/x", "h:22", "/x", ssh=True)),
        ("git@h:a/x.git", GitRemote("git@h:a/x.git", "h", "a/x.git", ssh=True)),
        (
            "github.com/org/x",
            GitRemote("https://github.com/org/x", "github.com", "/org/x", ssh=False),
        ),
        ("https://h/a%20b", GitRemote("https://h/a%20b", "h", "/a b", ssh=False)),
        ("http://h", GitRemote("http://h", "h", "", ssh=False)),
    ],
)
def test_what_goes_into_a_graph(remote: str, expected: GitRemote) -> None:
    assert GitRemote.parse(remote) == expected


@pytest.mark.parametrize(
    ("remote", "message"),
    [
        ("ftp://h/x", "http, https, ssh or git, not ftp"),
        ("ssh://", "not the address of a git repository"),
        ("git:///x", "not the address of a git repository"),
        ("https://h/x?ref=a", "'\\?ref=a' does not belong into the address"),
        ("https://h/x#a", "'#a' does not belong into the address"),
        ("git@h:x#a", "'#a' does not belong into the address"),
        ("https://h/a%00b", "a path has no NUL in it"),
        ("git@h:a\0b", "a path has no NUL in it"),
    ],
)
def test_what_is_no_remote(remote: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GitRemote.parse(remote)
