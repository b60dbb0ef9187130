"""Why an image cannot be verified at all, which says nothing about whether it would match."""

from __future__ import annotations


class UnverifiableError(Exception):
    """Something that a rebuild needs is missing; `remedy` says what can be done."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy
