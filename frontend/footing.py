"""What an image stands on besides its base and Python: users, and what is changed in the base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from frontend import accounts, changes, image
from frontend.errors import FrontendError

if TYPE_CHECKING:
    from frontend.accounts import Accounts
    from frontend.base_system import System
    from frontend.changes import Change
    from frontend.job import Job


@dataclass(frozen=True)
class Footing:
    """What is known of the base, and what follows from it and the spec.

    `changes` are made in the base's own file system, the first lowest.
    """

    system: System
    accounts: Accounts
    changes: tuple[Change, ...] = ()


def settle(job: Job, base: image.BaseImage, system: System) -> Footing:
    """Look at the base for what the spec asks for; FrontendError at the key that is wrong."""
    people = _accounts(job, base, system)
    removed = [changes.Removed(image.VENV)] if system.environment else []
    created = [changes.User(each) for each in people.created]
    return Footing(system, people, (*removed, *created))


def _accounts(job: Job, base: image.BaseImage, system: System) -> Accounts:
    spec, settings = job.settings.spec, job.settings
    user, owner = spec.user or "", spec.owner or ""
    try:
        return accounts.choose(user, owner, base.user, system.passwd, system.group)
    except FrontendError as error:
        places = settings.origin("user") + settings.origin("owner")
        raise FrontendError(error.message, remedy=error.remedy, places=places) from error
