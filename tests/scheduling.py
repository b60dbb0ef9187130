"""How the tests of a parallel run are divided between its workers."""

from __future__ import annotations

import zlib

from xdist.scheduler import LoadScopeScheduling

#: Folders whose tests share nothing: a worker takes one file at a time.
APART = ("tests/docs", "tests/plans", "tests/unit")
#: A folder of one big file, whose tests share nothing either: so many parts.
GRAPHS, PARTS = "tests/graphs/test_graphs.py", 12


class FolderScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a worker the tests of a folder, one after the other.

    They share what they build on an engine, or what there is one of on a machine (an emulator).
    """

    def _split_scope(self, nodeid: str) -> str:
        """Return the name of what stays together, for a test by its id."""
        return scope(nodeid)


def scope(nodeid: str) -> str:
    """Return what a test stays together with: its folder, its file, or a part of that."""
    file = nodeid.partition("::")[0]
    if file == GRAPHS:
        return f"{file} {zlib.crc32(nodeid.encode()) % PARTS}"
    return file if file.startswith(APART) else file.rpartition("/")[0]
