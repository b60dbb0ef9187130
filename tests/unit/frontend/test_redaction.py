"""What of texts leaves a build: no account of an address, and no value that looks secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.errors import FrontendError
from frontend.inputs.git_address import GitAddress
from frontend.redaction import HIDDEN, hidden, password_lines, secret, without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMES = st.sampled_from(["http", "https", "HTTPS", "Http", "git+https"])
ACCOUNTS = st.sampled_from(["user:pa55", "user", ":pa55", "a@b:pa55", "user:$TOKEN"])
HOSTS = st.sampled_from(["host", "host:8080", "[::1]:80"])
PATHS = st.sampled_from(["", "/", "/simple", "/a@b", "/x.git?ref=v1#c@d"])


@given(SCHEMES, ACCOUNTS, HOSTS, PATHS, st.sampled_from(["", "x = ", "'", "a/b\n", "a://b "]))
def test_an_address_of_http_loses_its_account(
    scheme: str, account: str, host: str, path: str, before: str
) -> None:
    text = f"{before}{scheme}://{account}@{host}{path}"
    assert without_credentials(text) == f"{before}{scheme}://{host}{path}"


@pytest.mark.parametrize(
    "text",
    [
        "https://host/simple",
        "https://host/a@b",
        "ssh://git@host/x.git",
        "git+ssh://git@host/x.git",
        "git@host:x.git",
        "user@example.org",
        "https:// a@b",
        "",
    ],
)
def test_what_has_no_account_of_http_stays(text: str) -> None:
    assert without_credentials(text) == text


VALUES = st.recursive(
    st.none()
    | st.integers()
    | st.text("htps:/@a b", max_size=12)
    | SCHEMES.map("{}://u:p@h".format),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab", max_size=2), inner),
)


@given(VALUES)
def test_texts_are_treated_alike_at_any_depth(value: object) -> None:
    clean = without_credentials(value)
    # As if each text of the value were treated by itself; keys of tables stay.
    assert list(texts(clean)) == [without_credentials(text) for text in texts(value)]
    assert without_credentials(clean) == clean


def texts(value: object) -> Iterator[str]:
    """Yield the texts in a value, in one order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def test_keys_and_other_values_stay() -> None:
    assert without_credentials({"http://u:p@h": [1, None, True]}) == {
        "http://u:p@h": [1, None, True]
    }


@given(SCHEMES, HOSTS, PATHS)
def test_lines_with_a_password(scheme: str, host: str, path: str) -> None:
    text = f"a\nurl = '{scheme}://user:pa55@{host}{path}'\n\nb"
    assert password_lines(text) == (2,)
    assert password_lines(without_credentials(text)) == ()


@pytest.mark.parametrize(
    "text", ["https://user@host/x", "https://user:$TOKEN@host", "https://host:80/a@b", "a:b@c"]
)
def test_lines_without_a_password(text: str) -> None:
    assert password_lines(text) == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TOKEN", True),
        ("api_key", True),
        ("API_TOKEN", True),
        ("DB_PASSWORD", True),
        ("MONKEY", False),
        ("TOKENS", False),
        ("PUBLIC_KEY", False),
        ("KEY_PUBLIC_TOKEN", False),
        ("PATH", False),
    ],
)
def test_names_of_secrets(name: str, expected: bool) -> None:
    assert secret(name) is expected
    shown = hidden(f'{name} = "value"\n')
    assert shown == (f'{name} = "{HIDDEN}"\n' if expected else f'{name} = "value"\n')
    assert hidden(shown) == shown


@pytest.mark.parametrize("scheme", ["https", "HTTPS", "Http"])
def test_the_message_about_an_address_has_no_password(scheme: str) -> None:
    with pytest.raises(FrontendError) as raised:
        GitAddress.parse(f"{scheme}://user:pa55@example.org/foo.git?depth=1")
    assert f"{scheme}://example.org/foo.git" in raised.value.message
    assert "pa55" not in raised.value.message
