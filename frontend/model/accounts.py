"""Users: who a container runs as, who owns the added files, and users that are created.

Names are looked up in the base's own passwd(5) and group(5). What an image's configuration gets is
always a number where one is known: Kubernetes' `runAsNonRoot` cannot judge a name.
"""

from __future__ import annotations

from dataclasses import dataclass

from frontend.errors import FrontendError

#: The id of a user that is created; the one that distroless images give their user `nonroot`.
CREATED_ID = 65532
_NO_SHELL = "/usr/sbin/nologin"


@dataclass(frozen=True)
class Created:
    """A user, or only a group, that the base lacks: the two files as they are to be."""

    name: str
    uid: int
    gid: int
    home: str
    passwd: str
    group: str


@dataclass(frozen=True)
class Account:
    """A user as it is written in an image's configuration, and in numbers.

    `uid` and `gid` are those that its files would have; `created` is what the base lacks for it.
    """

    text: str
    uid: int
    gid: int
    created: Created | None = None


def find(user: str, passwd: str, group: str) -> Account:
    """Look up `user` (`NAME`, `UID`, with `:GROUP` or `:GID`), and create what does not exist.

    FrontendError for text that is no user.
    """
    name, colon, wanted = user.partition(":")
    if not _possible(name) or (colon and not _possible(wanted)):
        raise FrontendError(
            f"{user!r} is no user",
            remedy="A user is a name or a number, with a group if need be: nonroot, 1000:100.",
        )
    users, groups = _rows(passwd), _rows(group)
    gid = _group(wanted, groups) if colon else None
    existing = _existing(name, users)
    if existing:
        uid, primary = existing
        new = _created("", uid, gid, wanted, passwd, group, groups) if colon else None
        number = gid if gid is not None else new.gid if new else primary
        return Account(f"{uid}:{number}" if colon else str(uid), uid, number, new)
    if name.isdecimal():
        uid = int(name)
        new = _created("", uid, gid, wanted, passwd, group, groups) if colon else None
        number = gid if gid is not None else new.gid if new else 0
        return Account(f"{uid}:{number}" if colon else name, uid, number, new)
    taken = {row[2] for row in (*users, *groups)}
    uid = next(n for n in range(CREATED_ID, 999, -1) if str(n) not in taken)
    new = _created(name, uid, gid, wanted or name, passwd, group, groups)
    assert new is not None
    return Account(f"{uid}:{new.gid}" if colon else str(uid), uid, new.gid, new)


def _possible(name: str) -> bool:
    """Whether this can be a name or number, and break no line of passwd(5)."""
    if not name.isascii() or not all(c.isalnum() or c in "_.-$" for c in name):
        return False
    if name.isdecimal():
        return _is_id(name)
    return bool(name) and not name.startswith("-") and name not in (".", "..")


def _is_id(text: str) -> bool:
    """Whether this is the number of a user or a group."""
    # (uid_t)-1 means "no change" to the kernel.
    return text.isdecimal() and len(text) <= 10 and int(text) < 2**32 - 1


_Rows = tuple[list[str], ...]


def _rows(text: str) -> _Rows:
    rows = (line.split(":") for line in text.splitlines())
    return tuple(row for row in rows if len(row) >= 4 and _is_id(row[2]))


def _named(name: str, rows: _Rows) -> list[str] | None:
    """Return the row of a name: as for getpwnam(3), the first of several counts."""
    return next((row for row in rows if row[0] == name), None)


def _existing(name: str, users: _Rows) -> tuple[int, int] | None:
    """Return user and group id of a user that the base has."""
    row = _named(name, users)
    if row is None and name.isdecimal():
        row = next((row for row in users if row[2] == name), None)
    return (int(row[2]), int(row[3])) if row and _is_id(row[3]) else None


def _group(name: str, groups: _Rows) -> int | None:
    if name.isdecimal():
        return int(name)
    row = _named(name, groups)
    return int(row[2]) if row else None


def _created(
    name: str,
    uid: int,
    gid: int | None,
    group_name: str,
    passwd: str,
    group: str,
    groups: _Rows,
) -> Created | None:
    """Return what has to be written for a user `name` and its group; None for nothing.

    An empty name stands for no user.
    """
    if gid is None:
        existing = _named(group_name, groups)
        gid = int(existing[2]) if existing else None
    if gid is None:
        taken = {row[2] for row in groups}
        gid = next(n for n in (uid, *range(CREATED_ID, 999, -1)) if str(n) not in taken)
        group = _with(group, f"{group_name}:x:{gid}:")
    elif not name:
        return None
    home = f"/home/{name}" if name else ""
    if name:
        passwd = _with(passwd, f"{name}:x:{uid}:{gid}:{name}:{home}:{_NO_SHELL}")
    return Created(name or group_name, uid, gid, home, passwd, group)


def _with(text: str, line: str) -> str:
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{line}\n"


@dataclass(frozen=True)
class Accounts:
    """Who an image's container runs as, and who the files belong to that are added to its base."""

    user: Account
    owner: Account

    @property
    def created(self) -> tuple[Created, ...]:
        """What has to be created in the base, in this order."""
        return tuple(c for c in (self.user.created, self.owner.created) if c)


ROOT = Account("", 0, 0)


def choose(user: str, owner: str, base_user: str, passwd: str, group: str) -> Accounts:
    """Return user and owner for the keys `user` and `owner` and the user of the base.

    Files belong to the base's user if the image keeps that user, otherwise to root. FrontendError
    for text that is no user.
    """
    runs_as = find(user, passwd, group) if user else ROOT
    if runs_as.created:
        passwd, group = runs_as.created.passwd, runs_as.created.group
    if owner:
        owned_by = find(owner, passwd, group)
    elif base_user and not user:
        owned_by = find(base_user, passwd, group)
        if owned_by.created:
            # The base names a user that it does not have.
            owned_by = ROOT
    else:
        owned_by = ROOT
    return Accounts(runs_as, owned_by)
