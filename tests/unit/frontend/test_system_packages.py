"""Which packages are asked for, from where, and the step that installs them."""

from __future__ import annotations

import datetime

import pytest

from frontend.config.keys import SpecSource
from frontend.config.schema import Spec
from frontend.config.settings import Settings, merge_sources
from frontend.errors import FrontendError
from frontend.model.distribution import Distribution
from frontend.resolve.system_packages import asked, sources_list

DEBIAN = Distribution("debian", "13", "trixie", ("sh", "apt-get"))
UBUNTU = Distribution("ubuntu", "24.04", "noble", ("sh", "apt-get"))
ALPINE = Distribution("alpine", "3.22", "", ("sh", "apk"))


def settings(**keys: object) -> Settings:
    return merge_sources(SpecSource(keys))


def test_hermetic_builds_download_none() -> None:
    with pytest.raises(FrontendError, match="cannot install packages of build-apt, which apt-get"):
        asked(settings(**{"build-apt": ["make"], "hermetic": True}), DEBIAN, "x", build=True)


def test_packages_are_sorted_and_named_once() -> None:
    (found,) = asked(settings(apt=["zlib1g", "libgl1", "zlib1g"]), DEBIAN, "x", build=False)
    assert found.names == ("libgl1", "zlib1g")
    assert found.title == "apt: libgl1, zlib1g"
    assert (found.sources, found.system) == ("", "debian-13")
    assert asked(settings(apt=["zlib1g"]), DEBIAN, "x", build=True) == []


def test_alpine() -> None:
    (found,) = asked(settings(**{"build-apk": ["build-base"]}), ALPINE, "x", build=True)
    assert (found.key, found.manager, found.names) == ("build-apk", "apk", ("build-base",))


@pytest.mark.parametrize(
    ("keys", "system", "message", "remedy"),
    [
        ({"apt": ["x1"]}, ALPINE, "no apt-get, and apt", "name its packages with `apk`"),
        ({"apk": ["x1"]}, DEBIAN, "no apk, and apk", "name its packages with `apt`"),
        ({"apt": ["x1"]}, Distribution(), "no apt-get, and apt", "Choose a `base`"),
    ],
)
def test_another_package_manager(
    keys: dict[str, object], system: Distribution, message: str, remedy: str
) -> None:
    with pytest.raises(FrontendError, match=message) as caught:
        asked(settings(**keys), system, "image", build=False)
    assert remedy in caught.value.remedy


def test_sources_of_a_day() -> None:
    assert sources_list(DEBIAN, "https://m.example/{archive}/{snapshot}", "2026-11-01") == (
        "deb https://m.example/debian/20261101T000000Z trixie main\n"
        "deb https://m.example/debian/20261101T000000Z trixie-updates main\n"
        "deb https://m.example/debian-security/20261101T000000Z trixie-security main\n"
    )
    assert "security" not in sources_list(DEBIAN, "https://m.example/debian", "")
    time = sources_list(UBUNTU, "https://m.example/{archive}/{snapshot}/", "20261101T120000Z")
    assert time.splitlines()[2] == (
        "deb https://m.example/ubuntu/20261101T120000Z noble-security "
        "main restricted universe multiverse"
    )


def test_known_archives_of_every_day() -> None:
    keys = {"apt": ["x1"], "apt-snapshot": "2026-11-01"}
    for system in (DEBIAN, UBUNTU):
        (found,) = asked(settings(**keys), system, "x", build=False)
        assert "/20261101T000000Z " in found.sources
        assert f"//snapshot.{system.id}." in found.sources
    with pytest.raises(FrontendError, match="no snapshot of devuan"):
        asked(
            settings(**keys), Distribution("devuan", "5", "x", ("sh", "apt-get")), "x", build=False
        )
    without = settings(**keys, **{"apt-mirror": "https://m.example/debian"})
    with pytest.raises(FrontendError, match=r"has no \{snapshot\}"):
        asked(without, DEBIAN, "x", build=False)


@pytest.mark.parametrize("name", ["-y", "a b", "x;y", "", "A", "../x", "--x"])
def test_what_is_no_package(name: str) -> None:
    with pytest.raises(ValueError, match="apt"):
        Spec.model_validate({"apt": [name]})


def test_a_date_of_toml() -> None:
    spec = Spec.model_validate({"apt-snapshot": datetime.date(2026, 11, 1)})
    assert spec.apt_snapshot == "2026-11-01"
