"""Packages from a chosen Debian suite, unpacked into a folder of our own.

Nothing is installed on the machine: apt gets a second configuration that names one suite, downloads
the packages, and `dpkg -x` unpacks them. The mirror is the one that the machine itself uses.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine import cache
from tests.engine.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_RELEASES = {
    *("bullseye", "bookworm", "trixie", "forky", "duke", "sid"),
    *("oldoldstable", "oldstable", "stable", "testing", "unstable"),
}


@dataclass(frozen=True)
class Source:
    """One binary-package source of the machine's apt configuration."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""


def parse_list(text: str) -> list[Source]:
    """Read the one-line format (sources.list(5)); lines that are not `deb` are skipped."""
    sources = []
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[(?P<options>[^]]*)\]\s*)?(?P<rest>[^#]+)", line)
        if not match:
            continue
        uri, suite, *components = match["rest"].split()
        options = dict(
            option.split("=", 1) for option in (match["options"] or "").split() if "=" in option
        )
        signed_by = options.get("signed-by", "")
        sources.append(Source((uri,), (suite,), tuple(components), signed_by))
    return sources


def parse_deb822(text: str) -> list[Source]:
    """Read the stanza format (sources.list(5)); disabled and source-only stanzas are skipped."""
    sources = []
    uncommented = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", uncommented):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')} {line.strip()}"
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        enabled = fields.get("enabled", "yes").lower() not in {"no", "false", "0"}
        if enabled and "deb" in fields.get("types", "").split():
            sources.append(
                Source(
                    tuple(fields.get("uris", "").split()),
                    tuple(fields.get("suites", "").split()),
                    tuple(fields.get("components", "").split()),
                    fields.get("signed-by", ""),
                )
            )
    return sources


def configured_sources(etc: Path = Path("/etc/apt")) -> list[Source]:
    """Every source of the machine's apt configuration, in apt's order."""
    parts = sorted((etc / "sources.list.d").glob("*")) if etc.is_dir() else []
    sources = []
    for path in (etc / "sources.list", *parts):
        if path.suffix == ".list" and path.is_file():
            sources += parse_list(path.read_text())
        elif path.suffix == ".sources" and path.is_file():
            sources += parse_deb822(path.read_text())
    return sources


def main_mirror(sources: Iterable[Source]) -> str:
    """The address from which the machine gets Debian's main archive, whatever its suite.

    Raises EngineUnavailable if there is none (another distribution, or no apt at all).
    """
    for source in sources:
        if "main" in source.components and _RELEASES & set(source.suites) and source.uris:
            return source.uris[0].rstrip("/")
    message = (
        "no Debian archive is configured for apt on this machine, and the private engine is made "
        "from Debian's packages. Install Docker yourself, start it, and run this again."
    )
    raise EngineUnavailable(message)


def source_line(suite: str) -> str:
    """The sources.list line for one suite of the machine's mirror."""
    keyring = f"[signed-by={KEYRING}] " if KEYRING.is_file() else ""
    return f"deb {keyring}{main_mirror(configured_sources())} {suite} main"


@dataclass(frozen=True)
class Prefix:
    """A folder in which packages have been unpacked."""

    root: Path
    versions: Mapping[str, str]

    def executable(self, name: str) -> Path:
        """The path of a program in the prefix; raises FileNotFoundError."""
        for folder in ("usr/sbin", "usr/bin", "sbin", "bin"):
            path = self.root / folder / name
            if path.exists():
                return path
        raise FileNotFoundError(f"{name} is in none of the packages of {self.root}")

    @property
    def search_path(self) -> list[Path]:
        """The prefix's folders for PATH."""
        return [self.root / folder for folder in ("usr/sbin", "usr/bin", "sbin", "bin")]

    @property
    def libraries(self) -> list[Path]:
        """The prefix's folders of shared libraries, for LD_LIBRARY_PATH."""
        found = (
            path
            for top in ("usr/lib", "lib")
            for path in (self.root / top).glob("*-linux-*/*.so.*")
        )
        return sorted({path.parent for path in found})


def unpack(suite: str, packages: Sequence[str], architecture: str = "") -> Prefix:
    """Download packages of a suite and unpack them, or take them from the cache folder.

    Dependencies are not followed: name every package that is needed. `architecture` is Debian's
    name of it (`arm64`), by default the machine's; nothing of a package is run. Raises
    EngineUnavailable with apt's own words when a package cannot be had.
    """
    key = hashlib.sha256(" ".join(sorted(packages)).encode()).hexdigest()[:12]
    suite_here = f"{suite}-{architecture}" if architecture else suite
    target = cache.root() / "packages" / f"{suite_here}-{key}"
    with cache.locked(cache.root() / "packages" / f"{suite_here}.lock"):
        if not (target / "versions").is_file():
            shutil.rmtree(target, ignore_errors=True)
            with cache.building(target) as draft:
                _download(suite, packages, draft, architecture)
    lines = (target / "versions").read_text().splitlines()
    return Prefix(target, dict(line.split(" ", 1) for line in lines))


def _download(suite: str, packages: Sequence[str], draft: Path, architecture: str) -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            message = f"{tool} is missing: the private engine is made from Debian's packages"
            raise EngineUnavailable(message)
    archives = draft / "archives"
    archives.mkdir()
    configuration = _apt_configuration(suite, architecture)
    env = {**os.environ, "APT_CONFIG": str(configuration), "LC_ALL": "C.UTF-8"}
    for command in (
        ["apt-get", "-q", "update"],
        ["apt-get", "-q", "download", *packages],
    ):
        done = subprocess.run(
            command, check=False, cwd=archives, env=env, capture_output=True, text=True
        )
        if done.returncode != 0:
            message = f"`{' '.join(command)}` failed for Debian {suite}:\n{done.stderr.strip()}"
            raise EngineUnavailable(message)
    versions = []
    for archive in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", archive, draft], check=True)
        show: list[str | Path] = [
            "dpkg-deb",
            "--show",
            "--showformat=${Package} ${Version}\n",
            archive,
        ]
        versions.append(subprocess.run(show, check=True, capture_output=True, text=True).stdout)
    shutil.rmtree(archives)
    (draft / "versions").write_text("".join(versions))


def _apt_configuration(suite: str, architecture: str) -> Path:
    """Write an apt configuration that knows one suite and shares nothing with the machine's."""
    home = cache.root() / "apt" / (f"{suite}-{architecture}" if architecture else suite)
    for folder in ("lists/partial", "cache/archives/partial"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    (home / "sources.list").write_text(source_line(suite) + "\n")
    settings = {
        "Dir::Etc::SourceList": home / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::State::Lists": home / "lists",
        "Dir::Cache": home / "cache",
        "APT::Default-Release": "",
        # A mirror that stands still, or a clock that runs ahead, is no reason to have no engine;
        # the signatures are checked all the same.
        "Acquire::Check-Valid-Until": "false",
        # The download goes into our own folder, which apt's unprivileged user cannot enter.
        "APT::Sandbox::User": "root",
    }
    if architecture:
        settings["APT::Architecture"] = architecture
        settings["APT::Architectures"] = architecture
    configuration = home / "apt.conf"
    configuration.write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
    return configuration


def version(index: str, package: str) -> str:
    """The version of a package in the text of an archive's `Packages`; KeyError without it."""
    found = re.search(
        rf"^Package: {re.escape(package)}\n(?:.+\n)*?Version: (.+)$", index, re.MULTILINE
    )
    if found is None:
        raise KeyError(package)
    return found[1]
