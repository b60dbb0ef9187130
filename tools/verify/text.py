"""Text of other people's, made fit for a terminal and for a shell."""

from __future__ import annotations

import shlex
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Control, format (which turn the direction of writing), surrogate, private, unassigned, and
#: separators of lines and paragraphs: Unicode's categories of what shows nothing by itself.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_LONGEST = 2000


def printable(text: str, longest: int = _LONGEST) -> str:
    """Return the text on one line, cut to a length, `�` in place of what a terminal may obey.

    >>> printable("a\x1b[2Jb")
    'a�[2Jb'
    """
    text = text.replace("\t", " ")
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join("�" if unicodedata.category(char) in _HIDDEN else char for char in cut)


def command(words: Iterable[str]) -> str:
    """Return words as a shell reads them, to be copied."""
    return printable(shlex.join(words))
