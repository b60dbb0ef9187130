"""Packages of the base's distribution, installed by its own package manager.

The manager writes to the image's root, so what this step changes is the layer. Downloads and lists
are in a cache mount, and a snapshot of the distribution's archive fixes every version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend.errors import FrontendError
from frontend.model.base_changes import SystemPackages

if TYPE_CHECKING:
    from frontend.config.settings import Settings
    from frontend.errors import Location
    from frontend.model.distribution import Distribution


#: The archives of a distribution that keep every day, by os-release's ID.
_SNAPSHOTS = {
    "debian": "http://snapshot.debian.org/archive/{archive}/{snapshot}",
    "ubuntu": "http://snapshot.ubuntu.com/{archive}/{snapshot}",
}
_PROGRAMS = {"apt": "apt-get", "apk": "apk"}


def asked(
    settings: Settings, system: Distribution, image: str, *, build: bool
) -> list[SystemPackages]:
    """What the spec asks for in the image, or with `build` in the builder.

    FrontendError where the image named `image` has no such package manager.
    """
    spec = settings.spec
    found = []
    for manager, names in (
        ("apt", spec.build_apt if build else spec.apt),
        ("apk", spec.build_apk if build else spec.apk),
    ):
        if not names:
            continue
        key = f"build-{manager}" if build else manager
        program = _PROGRAMS[manager]
        if spec.hermetic:
            raise FrontendError(
                f"a hermetic build cannot install packages of {key}, which {program} downloads",
                remedy="Put them into an image that the build stands on, or build without "
                "`hermetic`.",
                places=settings.origin(key),
            )
        if program not in system.programs or "sh" not in system.programs:
            raise FrontendError(
                f"{image} has no {program}, and {key} names packages for it",
                remedy=_other_way(manager, system, build=build),
                places=settings.origin(key),
            )
        sources = _sources(settings, system) if manager == "apt" else ""
        distribution = f"{system.id or 'linux'}-{system.version or system.codename or 'x'}"
        found.append(SystemPackages(key, manager, tuple(sorted(set(names))), distribution, sources))
    return found


def _other_way(manager: str, system: Distribution, *, build: bool) -> str:
    other = next((m for m in _PROGRAMS if m != manager and _PROGRAMS[m] in system.programs), "")
    prefix = "build-" if build else ""
    if other:
        return f"This image has {_PROGRAMS[other]}: name its packages with `{prefix}{other}`."
    if build:
        return "Choose a `builder` with a package manager, or one that has what is needed."
    return "Choose a `base` with a package manager, or one that has what is needed."


def _sources(settings: Settings, system: Distribution) -> str:
    """A sources.list for the mirror or the snapshot that is asked for; empty for neither."""
    spec = settings.spec
    if not spec.apt_snapshot and not spec.apt_mirror:
        return ""
    places: tuple[Location, ...] = settings.origin("apt-mirror") or settings.origin("apt-snapshot")
    template = spec.apt_mirror or _SNAPSHOTS.get(system.id, "")
    if not template or not system.codename:
        raise FrontendError(
            f"there is no snapshot of {system.id or 'an unknown distribution'} that is known",
            remedy="Name one with `apt-mirror`, where {snapshot} stands for the time.",
            places=places,
        )
    if spec.apt_snapshot and "{snapshot}" not in template:
        raise FrontendError(
            "apt-mirror has no {snapshot}, so apt-snapshot would change nothing",
            remedy="Write it where the mirror has the time, as in "
            "https://mirror.example/{archive}/{snapshot}.",
            places=places,
        )
    return sources_list(system, template, spec.apt_snapshot or "")


def sources_list(system: Distribution, template: str, snapshot: str) -> str:
    """Return a sources.list(5) for Debian or Ubuntu.

    Security updates are in an archive of their own in Debian: without `{archive}` in `template` it
    is left out.
    """
    stamp = f"{snapshot.replace('-', '')}T000000Z" if len(snapshot) == 10 else snapshot

    def line(archive: str, suite: str, components: str) -> str:
        url = template.replace("{archive}", archive).replace("{snapshot}", stamp).rstrip("/")
        return f"deb {url} {suite} {components}\n"

    suite = system.codename
    if system.id == "ubuntu":
        suites = (suite, f"{suite}-updates", f"{suite}-security")
        components = "main restricted universe multiverse"
        return "".join(line("ubuntu", each, components) for each in suites)
    text = line("debian", suite, "main") + line("debian", f"{suite}-updates", "main")
    if "{archive}" in template:
        text += line("debian-security", f"{suite}-security", "main")
    return text
