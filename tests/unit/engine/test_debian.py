"""The mirror is the one that apt is configured with, whatever form the configuration has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.debian import (
    Prefix,
    Source,
    configured_sources,
    main_mirror,
    parse_deb822,
    parse_list,
)
from tests.engine.errors import EngineUnavailable

if TYPE_CHECKING:
    from pathlib import Path

STANZAS = """\
# a comment before everything
Types: deb
# a comment inside
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example/security
  http://other.example/security
Suites: bookworm-security
Components: main contrib
Enabled: yes

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
"""


def test_one_line_format() -> None:
    text = """\
# deb http://commented.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib  # trailing
  deb [arch=amd64 signed-by=/etc/key.gpg] https://other.example/x stable/ main
"""
    assert parse_list(text) == [
        Source(("http://mirror.example/debian",), ("bookworm",), ("main", "contrib")),
        Source(("https://other.example/x",), ("stable/",), ("main",), "/etc/key.gpg"),
    ]


def test_flat_repository_has_no_component() -> None:
    assert parse_list("deb http://flat.example ./\n") == [
        Source(("http://flat.example",), ("./",), ())
    ]


def test_stanza_format_skips_what_is_off_or_source_only() -> None:
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert parse_deb822(STANZAS) == [
        Source(
            ("http://mirror.example/debian",), ("bookworm", "bookworm-updates"), ("main",), keyring
        ),
        Source(
            ("http://mirror.example/security", "http://other.example/security"),
            ("bookworm-security",),
            ("main", "contrib"),
        ),
    ]


def test_only_files_that_apt_reads_are_read(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://first.example/debian bookworm main\n")
    (parts / "debian.sources").write_text(STANZAS)
    (parts / "third.list").write_text("deb http://third.example/x focal main\n")
    (parts / "old.list.disabled").write_text("deb http://old.example/x sid main\n")
    uris = [uri for source in configured_sources(tmp_path) for uri in source.uris]
    assert uris == [
        "http://first.example/debian",
        "http://mirror.example/debian",
        "http://mirror.example/security",
        "http://other.example/security",
        "http://third.example/x",
    ]


def test_mirror_is_not_that_of_security_updates_or_of_a_vendor() -> None:
    sources = parse_list(
        "deb http://vendor.example/docker bookworm stable\n"
        "deb http://mirror.example/security bookworm-security main\n"
        "deb http://mirror.example/debian/ trixie main\n"
    )
    assert main_mirror(sources) == "http://mirror.example/debian"


def test_no_debian_archive_says_what_to_do() -> None:
    sources = parse_list("deb http://archive.example/ubuntu noble main\n")
    with pytest.raises(EngineUnavailable, match="Install Docker yourself"):
        main_mirror(sources)


def test_program_and_libraries_of_a_prefix(tmp_path: Path) -> None:
    for name in ("usr/sbin/tool", "usr/lib/x86_64-linux-gnu/liba.so.1", "lib/a-linux-b/libb.so.2"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    prefix = Prefix(tmp_path, {})
    assert prefix.executable("tool") == tmp_path / "usr/sbin/tool"
    assert prefix.libraries == [
        tmp_path / "lib/a-linux-b",
        tmp_path / "usr/lib/x86_64-linux-gnu",
    ]
    with pytest.raises(FileNotFoundError, match="other is in none of the packages"):
        prefix.executable("other")
