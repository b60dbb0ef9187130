"""The project's pages, taken apart: headings, sections, tables and code blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code; `language` is the word after the fence."""

    language: str
    text: str


@dataclass(frozen=True)
class Page:
    """One file, by its path in the repository."""

    path: str

    @cached_property
    def text(self) -> str:
        return (ROOT / self.path).read_text()

    @cached_property
    def prose(self) -> str:
        """The text without its code blocks."""
        return _FENCE.sub("", self.text)

    @cached_property
    def blocks(self) -> list[Block]:
        return blocks(self.text)

    @cached_property
    def dockerfiles(self) -> list[str]:
        """The Dockerfiles on it, as they stand there."""
        return [block.text for block in self.blocks if block.language == "dockerfile"]

    @cached_property
    def headings(self) -> list[tuple[int, str]]:
        """Level and text of every heading."""
        found = re.findall(r"^(#+) (.+)$", self.prose, re.MULTILINE)
        return [(len(marks), text) for marks, text in found]

    @cached_property
    def anchors(self) -> set[str]:
        """What a link to a heading of this page ends in, as GitHub names them."""
        kept = [re.sub(r"[^\w\s-]", "", text.lower()) for _, text in self.headings]
        return {text.strip().replace(" ", "-") for text in kept}

    def section(self, heading: str) -> str:
        """What stands below a heading, up to the next one of its level or a higher one."""
        level, text = next(each for each in self.headings if each[1] == heading)
        start = self.text.index(f"{'#' * level} {text}\n") + level + len(text) + 2
        # A comment in a code block looks like a heading to a pattern, but not to `headings`.
        ends = [
            position
            for other, title in self.headings
            if other <= level
            and (position := self.text.find(f"\n{'#' * other} {title}\n", start - 1)) >= 0
        ]
        return self.text[start : min(ends, default=len(self.text))]


def blocks(text: str) -> list[Block]:
    """The code blocks in a text."""
    return [Block(language, body) for language, body in _FENCE.findall(text)]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in a text, without their heads."""
    found: list[list[str]] = []
    head = True
    for line in text.splitlines():
        if not line.startswith("|"):
            head = True
        elif re.fullmatch(r"[|\s:-]+", line):
            head = False
        elif not head:
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


README = Page("README.md")
REFERENCE = Page("docs/reference.md")
ERRORS = Page("docs/errors.md")
HOW_IT_WORKS = Page("docs/how-it-works.md")
PAGES = [
    README,
    Page("CHANGELOG.md"),
    Page("llb/README.md"),
    *(Page(f"docs/{path.name}") for path in sorted((ROOT / "docs").glob("*.md"))),
]
