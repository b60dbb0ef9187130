"""Files of hermetic builds, and who gets the credentials of an index."""

from __future__ import annotations

import pytest

from frontend.container.downloads import HermeticSources

INDEX = "https://index.corp.example/simple"


@pytest.mark.parametrize(
    "url",
    [
        "https://index.corp.example/files/a-1-py3-none-any.whl",
        "https://INDEX.corp.example:443/a.whl",
        "HTTPS://index.corp.example/a.whl",
    ],
)
def test_the_index_s_own_origin_gets_its_secret(url: str) -> None:
    sources = HermeticSources((), {INDEX: "SECRET"}, {}, "build")
    assert sources.header(f"{INDEX}/", url) == "SECRET"


@pytest.mark.parametrize(
    "url",
    [
        "http://index.corp.example/a.whl",
        "http://127.0.0.1:8000/victim-1.0-py3-none-any.whl",
        "https://index.corp.example:8443/a.whl",
        "https://index.corp.example.evil.example/a.whl",
        "https://index.corp.example@evil.example/a.whl",
        "https://files.example/a.whl",
        "https://[::1",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_other_address_does(url: str) -> None:
    sources = HermeticSources((), {INDEX: "SECRET"}, {}, "build")
    assert sources.header(INDEX, url) == ""


def test_an_index_over_http_gets_none() -> None:
    index = "http://index.corp.example/simple"
    sources = HermeticSources((), {index: "SECRET"}, {}, "build")
    assert sources.header(index, "http://index.corp.example/a.whl") == ""


def test_an_index_on_the_engine_s_own_machine_does() -> None:
    for index in ("http://127.0.0.1:3141/simple", "http://[::1]:3141/simple"):
        sources = HermeticSources((), {index: "SECRET"}, {}, "build")
        assert sources.header(index, index.replace("simple", "a.whl")) == "SECRET"
        assert sources.header(index, index.replace("3141", "3142")) == ""


def test_an_index_without_a_secret_gets_none() -> None:
    sources = HermeticSources((), {}, {}, "build")
    assert sources.header(INDEX, f"{INDEX}/a.whl") == ""
