"""Git addresses, as BuildKit's own tests have them (gitutil, dockerfile/dfgitutil)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llb
from frontend.emit.git_checkout import checkout
from frontend.errors import FrontendError
from frontend.inputs.git_address import GitAddress
from frontend.model.git_source import GitSource


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/",
        "https://example.org/foo",
        "https://example.org/shop.tar.gz",
        "https://example.org.git",
        "http://buildkit-session/abc",
        "file:///srv/shop.git",
        "./shop.git",
        "../shop.git",
        "shop",
        "",
    ],
)
def test_what_is_no_address_of_git(address: str) -> None:
    assert GitAddress.parse(address) is None


@pytest.mark.parametrize(
    ("address", "remote", "ref", "subdir"),
    [
        ("https://example.org/foo.git", "https://example.org/foo.git", "", ""),
        ("HTTP://example.org/foo.git", "HTTP://example.org/foo.git", "", ""),
        ("https://u:p@example.org:8443/a/b.git", "https://u:p@example.org:8443/a/b.git", "", ""),
        ("https://example.org/foo.git#main", "https://example.org/foo.git", "main", ""),
        ("https://example.org/foo.git#:a/b", "https://example.org/foo.git", "", "a/b"),
        ("https://example.org/foo.git#a/b:/c/d/", "https://example.org/foo.git", "a/b", "c/d"),
        ("https://example.org/foo.git#v1:../..", "https://example.org/foo.git", "v1", ""),
        ("https://example.org/foo.git#v%201", "https://example.org/foo.git", "v 1", ""),
        ("https://example.org/foo%2egit", "https://example.org/foo%2egit", "", ""),
        ("git@example.org:foo/bar", "git@example.org:foo/bar", "", ""),
        ("git@example.org:foo.git#main:x", "git@example.org:foo.git", "main", "x"),
        ("ssh://git@example.org/foo#main", "ssh://git@example.org/foo", "main", ""),
        ("git://example.org/foo", "git://example.org/foo", "", ""),
        ("github.com/moby/buildkit", "github.com/moby/buildkit", "", ""),
        ("github.com/moby/buildkit#master", "github.com/moby/buildkit", "master", ""),
    ],
)
def test_address_ref_and_folder(address: str, remote: str, ref: str, subdir: str) -> None:
    found = GitAddress.parse(address)
    assert found is not None
    assert (found.remote, found.ref, found.subdir) == (remote, ref, subdir)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ref=v1", {"ref": "v1"}),
        ("tag=v1", {"ref": "refs/tags/v1"}),
        ("tag=refs/tags/v1", {"ref": "refs/tags/v1"}),
        ("branch=main", {"ref": "refs/heads/main"}),
        ("branch=main&ref=refs/heads/main", {"ref": "refs/heads/main"}),
        ("ref=main&subdir=/a/b", {"ref": "main", "subdir": "a/b"}),
        ("checksum=abc", {"checksum": "abc"}),
        ("commit=abc&fetch-by-commit", {"checksum": "abc", "fetch_by_commit": True}),
        ("keep-git-dir", {"keep_git_dir": True}),
        ("keep-git-dir=1", {"keep_git_dir": True}),
        ("keep-git-dir=false", {"keep_git_dir": False}),
        ("submodules", {"submodules": True}),
        ("submodules=0", {"submodules": False}),
        ("mtime=commit", {"mtime": "commit"}),
    ],
)
def test_query(query: str, expected: dict[str, object]) -> None:
    found = GitAddress.parse(f"git@example.org:foo.git?{query}")
    assert found is not None
    assert found.remote == "git@example.org:foo.git"
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("suffix", "said"),
    [
        ("?depth=1", "'depth' is not known"),
        ("?ref=a&ref=b", "'ref' is there more than once"),
        ("?ref=", "'ref' has no value"),
        ("?ref=a#b", "more than one ref: a, b"),
        ("?tag=a&branch=b", "a tag and a branch"),
        ("?tag=a&ref=a", "more than one ref: a, refs/tags/a"),
        ("?subdir=a#:b", "more than one subdir: a, b"),
        ("?checksum=a&commit=b", "more than one checksum: a, b"),
        ("?keep-git-dir=perhaps", "keep-git-dir is true or false"),
        ("?mtime=now", "mtime is commit or checkout"),
        ("?fetch-by-commit", "fetch-by-commit needs the commit"),
        ("?ref=a%00b", "a NUL is in it"),
        ("#a:b%00", "a NUL is in it"),
    ],
)
def test_query_that_is_wrong(suffix: str, said: str) -> None:
    with pytest.raises(FrontendError) as raised:
        GitAddress.parse(f"https://user:secret@example.org/foo.git{suffix}")
    assert said in raised.value.message
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    "address", ["ssh://", "git://", "ssh:///x", "https://h/%00.git", "git@h:\0"]
)
def test_an_address_of_no_repository(address: str) -> None:
    with pytest.raises(FrontendError, match="it names no repository"):
        GitAddress.parse(address)


STARTS = st.sampled_from(
    ["https://h", "https://", "ssh://", "git://", "git@", "git@h:", "github.com/", "HTTP://[", ""]
)
KEYS = ["ref", "tag", "subdir", "checksum", "fetch-by-commit", "submodules", "mtime", "x"]
QUERIES = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(["", "=", "=1", "=../..", "=commit", "=%00"])),
    max_size=3,
).map(lambda items: "&".join(key + value for key, value in items))


@given(STARTS, st.text("/ab@:[%0.\0"), st.sampled_from(["", ".git"]), QUERIES, st.text("a:#/.%0"))
def test_what_is_read_can_be_fetched(
    start: str, path: str, end: str, query: str, fragment: str
) -> None:
    try:
        parsed = GitAddress.parse(f"{start}{path}{end}?{query}#{fragment}")
    except FrontendError:
        return
    if parsed is not None:
        fetched = llb.git(
            parsed.remote,
            parsed.ref,
            subdir=parsed.subdir,
            checksum=parsed.checksum or None,
            fetch_by_commit=parsed.fetch_by_commit,
        )
        assert llb.marshal(fetched)


@given(STARTS, st.text("/ab@:[?#=&%0\0"))
def test_what_a_lock_has_can_be_fetched_or_is_left_to_uv(start: str, rest: str) -> None:
    source = GitSource.parse(start + rest)
    if source.fetchable:
        assert llb.marshal(checkout(source))
