"""What can go wrong before an engine runs."""

from __future__ import annotations


class EngineUnavailable(Exception):  # noqa: N818 - reads as what the user is told
    """No engine can be had on this machine; the message says what is missing and what helps."""
