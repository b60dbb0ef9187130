"""Findings about images: packages without a wheel, compiled members, bases without a digest."""

from __future__ import annotations

from frontend import findings
from frontend.lint import images
from frontend.model.packages import Closure, LockedPackage
from tests.unit.frontend import builds
from tests.unit.frontend.locks import HEAD, edges, manifest, package, registry

LOCK = "".join(
    [
        HEAD,
        package("api", 'editable = "."', "1.0", edges("dependencies", "idna", "uvloop")),
        registry("idna", "3.0"),
        registry("uvloop", "0.22", wheels=()),
    ]
)
FILES = {"pyproject.toml": manifest("api", 'dependencies = ["idna", "uvloop"]'), "uv.lock": LOCK}
IDNA = LockedPackage("idna", "3.0", {"source": {}})
UVLOOP = LockedPackage("uvloop", "0.22", {"source": {}}, built=True)
LINE = LOCK.split("\n").index('name = "uvloop"') + 1


def closure(*third_party: LockedPackage) -> Closure:
    return Closure(third_party, builds.inputs(FILES, "api").packages)


def test_a_package_without_a_wheel_is_named_at_its_place_in_the_lock() -> None:
    resolved = builds.resolved(builds.inputs(FILES, "api"), closure(IDNA, UVLOOP))
    (finding,) = images.wheels(resolved)
    assert finding.rule is findings.MISSING_WHEEL
    assert finding.text == (
        "uvloop 0.22 has no wheel for Python 3.13 on x86_64 with glibc: it is built from source, "
        "and its layer may differ from one machine to the next"
    )
    assert [(place.source.filename, place.start) for place in finding.places] == [("uv.lock", LINE)]


def test_a_build_names_all_of_them_in_one_finding() -> None:
    inputs = builds.inputs(FILES, "api")
    other = LockedPackage("abc", "1", {"source": {}}, built=True)
    (finding,) = images.built(inputs, closure(IDNA, UVLOOP, other))
    assert finding.text == (
        "no wheel for this image, built from source: uvloop 0.22, abc 1. "
        "Its layer may differ from one machine to the next."
    )
    assert finding.places[0].start == LINE
    assert list(images.built(inputs, closure(IDNA))) == []


def test_a_member_with_a_compiler_is_named_at_the_line_that_says_so() -> None:
    compiled = manifest("api", "[build-system]", 'build-backend = "maturin"')
    inputs = builds.inputs({**FILES, "pyproject.toml": compiled}, "api")
    (finding,) = images.compiled(inputs, closure())
    assert finding.rule is findings.COMPILED_MEMBER
    assert finding.text.startswith("built by a compiler: api. ")
    assert finding.places[0].source.filename == "pyproject.toml"
    assert 'build-backend = "maturin"' in compiled.split("\n")[finding.places[0].start - 1]
    assert list(images.compiled(builds.inputs(FILES, "api"), closure())) == []


def test_bases_without_a_digest() -> None:
    text = 'base = "debian:13"\nbuilder = "gcc:15"\n'
    named = list(images.bases(builds.inputs(FILES, "api", build_file=text)))
    assert [(finding.text, finding.places[0].start) for finding in named] == [
        ("base 'debian:13' has no digest: its tag can be moved to another image", 1),
        ("builder 'gcc:15' has no digest: its tag can be moved to another image", 2),
    ]
    assert {finding.rule for finding in named} == {findings.UNPINNED_BASE}


def test_bases_that_are_chosen_empty_or_pinned_are_no_finding() -> None:
    for text in ("", 'base = "scratch"', f'base = "debian:13@sha256:{"a" * 64}"'):
        assert list(images.bases(builds.inputs(FILES, "api", build_file=text))) == []
