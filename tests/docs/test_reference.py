"""The reference says what the code does: keys, descriptions, defaults, examples."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from frontend.calls.affected import ALL
from frontend.config.schema import KEYS, Spec
from frontend.config.settings import Settings, from_arguments, from_build_file, merge_sources
from frontend.emit import image_config
from frontend.errors import FrontendError, SourceFile
from frontend.model.uv import UV_VERSION
from frontend.plan import partition
from frontend.request import parse
from frontend.resolve import base_image
from frontend.toml_document import TomlDocument
from tests.docs.pages import PAGES, README, REFERENCE, ROOT, Page, blocks, rows

EVERYWHERE = [page for page in PAGES if page.path != "llb/README.md"]
ARGUMENT = re.compile(r"--build-arg (?:'([^']+)'|([^\s`]+))")


def of_toml(text: str, filename: str = "Dockerfile") -> Settings:
    return merge_sources(from_build_file(TomlDocument.parse(SourceFile(filename, text))))


def set_keys(settings: Settings) -> dict[str, Any]:
    return dict(settings.values)


def of_argument(text: str) -> Settings:
    """What one `NAME=VALUE` gives, by the way that it takes through BuildKit."""
    name, _, value = text.partition("=")
    option = {"BUILDKIT_FRONTEND_OPT_0": f"build-arg:{name}={value}"}
    return merge_sources(from_arguments(parse(option).arguments))


def arguments(text: str) -> list[str]:
    return [quoted or bare for quoted, bare in ARGUMENT.findall(text)]


def item(section: str, name: str) -> str:
    """The text of one list item, `- Default: …`."""
    found = re.search(rf"^- {name}: (.+)$", section, re.MULTILINE)
    assert found, f"no item {name}"
    return found.group(1)


def described() -> list[str]:
    """The keys that have a section of their own."""
    return [text.strip("`") for level, text in REFERENCE.headings if level == 3 and text[0] == "`"]


def test_every_key_has_a_section_and_every_section_a_key() -> None:
    assert sorted(described()) == sorted(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_a_section_begins_with_the_description_that_errors_show(key: str) -> None:
    description = Spec.model_fields[key.replace("-", "_")].description
    assert description
    first = REFERENCE.section(f"`{key}`").strip().split("\n\n")[0]
    assert first == f"{description[0].upper()}{description[1:]}."


@pytest.mark.parametrize("key", KEYS)
def test_both_forms_of_an_example_mean_the_same(key: str) -> None:
    section = REFERENCE.section(f"`{key}`")
    example = next(block for block in blocks(section) if block.language == "toml")
    from_file = set_keys(of_toml(example.text))
    assert key in from_file
    name, _, _ = item(section, "Build argument").strip("`").partition("=")
    assert name.removeprefix("--build-arg ").strip("'").partition(".")[0] == key
    (argument,) = arguments(item(section, "Build argument"))
    assert set_keys(of_argument(argument))[key] == from_file[key]


DEFAULTS = {
    "workspace": '"."',
    "python": f'"{base_image.DEFAULT_PYTHON}"',
    "workdir": f'"{image_config.Runtime().workdir}"',
    "heavy": f"`{partition.HEAVY_GROUP}`",
    "big": f'"{partition.BIG // 1_000_000}MB"',
    "layers": f"`{partition.LAYERS}`",
}


@pytest.mark.parametrize("key", DEFAULTS)
def test_a_default_is_the_one_in_the_code(key: str) -> None:
    assert DEFAULTS[key] in item(REFERENCE.section(f"`{key}`"), "Default")


def test_limits_are_those_in_the_code() -> None:
    assert str(partition.MOST_LAYERS) in REFERENCE.section("`layers`")
    least, most = re.findall(r"\d+", item(REFERENCE.section("`layers`"), "Type"))
    for number, good in ((least, True), (int(least) - 1, False), (most, True)):
        if good:
            assert set_keys(of_argument(f"layers={number}"))
        else:
            with pytest.raises(FrontendError):
                of_argument(f"layers={number}")
    with pytest.raises(FrontendError):
        of_argument(f"layers={int(most) + 1}")


def test_the_readme_lists_every_key_with_the_default_of_the_reference() -> None:
    table = {
        found.group(1): row[1:]
        for row in rows(README.section("Keys"))
        if (found := re.match(r"\[`([\w-]+)`\]", row[0]))
    }
    assert list(table) == described()
    for key, (_, default, example) in table.items():
        stated = item(REFERENCE.section(f"`{key}`"), "Default")
        for value in re.findall(r"`([^`]+)`", default):
            assert value in stated, f"{key}: {value}"
        assert set_keys(of_toml(f"{key} = {example.strip('`')}")).keys() == {key}


@pytest.mark.parametrize("page", EVERYWHERE, ids=lambda page: page.path)
def test_every_body_and_table_is_a_valid_spec(page: Page) -> None:
    for block in page.blocks:
        if block.language in ("toml", "dockerfile"):
            of_toml(block.text)
        if block.language == "dockerfile":
            assert block.text.startswith("# syntax=org/uv-frontend\n")


@pytest.mark.parametrize("page", EVERYWHERE, ids=lambda page: page.path)
def test_every_build_argument_is_a_key(page: Page) -> None:
    for argument in arguments(page.text):
        name, _, value = argument.partition("=")
        if (name, value) == ("package", ALL):
            # Of a call, which is about many images.
            continue
        if re.search(rf"^ARG {re.escape(name)}\b", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
            # Of the frontend's own image.
            continue
        if value and value != "…" and not value.startswith('"$('):
            of_argument(argument)
        else:
            assert name.partition(".")[0] in (*KEYS, "https_proxy", "SOURCE_DATE_EPOCH")


def test_arguments_that_are_not_keys_are_taken_for_none() -> None:
    table = rows(REFERENCE.section("Build arguments that are not keys"))
    names = [name for row in table for name in re.findall(r"`([^`]+)`", row[0])]
    assert len(names) >= 9
    for name in names:
        assert parse({"BUILDKIT_FRONTEND_OPT_0": f"build-arg:{name}=1"}).arguments == {}


def test_shell_lines_can_be_read_by_a_shell() -> None:
    for page in EVERYWHERE:
        for block in page.blocks:
            if block.language == "sh":
                assert shlex.split(block.text, comments=True)


def test_the_version_of_uv_is_the_one_in_the_image() -> None:
    stated = {
        version
        for page in EVERYWHERE
        for version in re.findall(r"\buv (?:in [^|]+\| )?(\d+\.\d+\.\d+)", page.prose)
    }
    stated |= set(re.findall(r"^\| uv in .*\| ([\d.]+) \|$", "".join(p.text for p in PAGES), re.M))
    assert stated == {UV_VERSION}
