"""Links lead somewhere, commands exist, and nothing names one particular machine."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.pages import HOW_IT_WORKS, PAGES, ROOT, Page

#: The hosts that pages may name. An example that needs another one takes a name below `.example`.
#: The last one is in names of fields that BuildKit writes.
HOSTS = {"github.com", "keepachangelog.com", "localhost", "mobyproject.org"}
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)


def links(page: Page) -> list[str]:
    inline = re.findall(r"\]\(([^)\s]+)\)", page.prose)
    return [*inline, *re.findall(r"^\[[^\]]+\]: (\S+)$", page.prose, re.MULTILINE)]


@every_page
def test_links_lead_to_files_and_headings(page: Page) -> None:
    for link in links(page):
        if urlsplit(link).scheme:
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / page.path).parent / path).resolve() if path else ROOT / page.path
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        if anchor:
            assert anchor in Page(str(target.relative_to(ROOT))).anchors, link


@every_page
def test_only_known_hosts_are_named(page: Page) -> None:
    named = {
        urlsplit(url).hostname or "" for url in re.findall(r"https?://[^\s)\"'`>]+", page.text)
    }
    assert {host for host in named if not host.endswith(".example")} <= HOSTS


@every_page
def test_no_path_of_one_machine_is_named(page: Page) -> None:
    for folder in {ROOT, ROOT.parent, Path.home()} - {Path("/"), Path("/root")}:
        assert f"{folder}/" not in page.text


@every_page
def test_make_targets_exist(page: Page) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    assert "test" in targets
    shell = [block.text for block in page.blocks if block.language == "sh"]
    code = [line.partition(" #")[0] for text in shell for line in text.splitlines()]
    code += re.findall(r"`(make [^`]+)`", page.prose)
    named = set(re.findall(r"\bmake (?:-s )?([a-z][a-z-]*)", "\n".join(code)))
    assert named <= targets


@every_page
def test_files_and_modules_that_are_named_exist(page: Page) -> None:
    for code in re.findall(r"`([^`\n]+)`", page.prose):
        for module in re.findall(r"python -m ((?:tests|proto|frontend)[\w.]*)", code):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), code
        if re.fullmatch(r"(?:tests|tools|examples|frontend|proto|llb)/[\w./*-]*", code):
            assert list(ROOT.glob(code)), code


def test_every_module_of_the_frontend_is_in_the_overview() -> None:
    table = Page("docs/development.md").section("Layout")
    modules = {path.stem for path in (ROOT / "frontend").glob("*.py")} - {"__init__"}
    assert modules <= set(re.findall(r"`(\w+)`", table))


def test_every_folder_of_tests_is_in_the_overview() -> None:
    table = Page("docs/development.md").section("Layout")
    tracked = {path.parent.name for path in (ROOT / "tests").glob("*/*.py")}
    assert tracked <= set(re.findall(r"`tests/(\w+)/`", table)) | {"unit"}


def test_the_history_shown_is_that_of_the_plan() -> None:
    """The example of `docker history`, against the reviewed plan of the worker."""
    plan = (ROOT / "tests/shop/plans/worker.txt").read_text()
    titles = re.findall(r"^ +\d+\. \w+ +(.+)$", plan, re.MULTILINE)
    shown = next(b.text for b in HOW_IT_WORKS.blocks if "virtual environment\n" in b.text)
    assert shown.splitlines() == titles[::-1]
