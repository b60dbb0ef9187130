"""Why an image cannot be verified at all, which says nothing about whether it would match."""

from __future__ import annotations

from tools.verify.text import printable


class UnverifiableError(Exception):
    """Something that a rebuild needs is missing, or unfit; `remedy` says what can be done.

    Messages quote what a publisher has written, so both are made fit for a terminal here.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(printable(message))
        self.remedy = printable(remedy)
