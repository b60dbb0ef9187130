"""The end of every step: nothing in a layer tells who made it, or when."""

import os
import shutil
import stat

import places


def keep_folders():
    """Give folders that the image has already the mode and owner they have there.

    They are part of the layer only because something in them is, and must not change by that.
    """
    kept = set()
    for path in places.entries(places.LAYER):
        there = path[len(places.LAYER) :]
        # /app itself is a link to the layer here.
        if os.path.isdir(path) and os.path.isdir(there) and there.split("/")[1] != "app":
            if not os.path.islink(path) and not os.path.islink(there):
                info = os.stat(there)
                os.chown(path, info.st_uid, info.st_gid)
                os.chmod(path, stat.S_IMODE(info.st_mode))
                kept.add(path)
    return kept


def settle(kept=frozenset()):
    """Take out of the layer what differs from one machine, user or moment to the next.

    Everything gets the owner that the build asks for, and /app the one it has in the base.
    """
    if places.OFFLINE:
        # The only place on the disk where files of uv's cache can be linked from.
        shutil.rmtree(os.environ["UV_CACHE_DIR"], ignore_errors=True)
    uid, gid = map(int, os.environ.get("UV_FRONTEND_OWNER", "0:0").split(":"))
    for path in list(places.entries(places.LAYER)):
        info = os.lstat(path)
        if path not in kept:
            os.chown(path, uid, gid, follow_symlinks=False)
        if not stat.S_ISLNK(info.st_mode) and path not in kept:
            executable = stat.S_ISDIR(info.st_mode) or info.st_mode & 0o100
            os.chmod(path, 0o755 if executable else 0o644)
        os.utime(path, (places.TIMESTAMP, places.TIMESTAMP), follow_symlinks=False)
    app = os.environ.get("UV_FRONTEND_APP")
    if app:
        uid, gid, mode = app.split(":")
        os.chown(places.LAYER + "/app", int(uid), int(gid))
        os.chmod(places.LAYER + "/app", int(mode, 8))
    os.utime(places.LAYER, (places.TIMESTAMP, places.TIMESTAMP))
