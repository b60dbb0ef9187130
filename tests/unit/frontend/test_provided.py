"""What is left to install where the base has some of it."""

from __future__ import annotations

from frontend.model.packages import Closure, LockedPackage
from frontend.resolve.provided import Provided


def package(name: str, version: str) -> LockedPackage:
    return LockedPackage(name, version, {"name": name, "version": version})


CLOSURE = Closure(
    (package("torch", "2.9.1"), package("nvidia-cublas", "1.0"), package("numpy", "2.0")), ()
)


def test_what_is_named_is_left_out() -> None:
    provided = Provided(("torch", "nvidia-*"), {"torch": "2.9.1"})
    assert [p.name for p in provided.without_provided(CLOSURE).third_party] == ["numpy"]


def test_builds_of_one_version_are_the_same() -> None:
    provided = Provided(("torch", "nvidia-*"), {"torch": "2.9.1+cu130", "nvidia-cublas": "1.1"})
    assert provided.version_conflicts(CLOSURE) == [("nvidia-cublas", "1.1", "1.0")]
    odd = Provided(("torch",), {"torch": "nightly"})
    assert odd.version_conflicts(CLOSURE) == [("torch", "nightly", "2.9.1")]
