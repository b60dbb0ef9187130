"""Where installed packages say that they come from (PEP 610), as uv would have written it."""

import base64
import glob
import hashlib
import json
import os
import re

import places


def note_origins():
    """Make what was installed from fetched files and checkouts look as if uv had fetched them.

    What uv says of a package's origin (PEP 610) is not where it lay in this step.
    """
    origins = {}
    if os.path.exists(places.ROOT + "/lock/origins.json"):
        with open(places.ROOT + "/lock/origins.json") as source:
            origins = json.load(source)
    for info in glob.glob(places.LAYER + places.VENV + "/lib*/python*/site-packages/*.dist-info"):
        name = os.path.basename(info).partition("-")[0]
        origin = origins.get(re.sub("[-_.]+", "-", name).lower())
        changed = {}
        direct = info + "/direct_url.json"
        if origin and os.path.exists(direct):
            if "vcs_info" not in origin:
                # All that uv says of an archive but its place is the same.
                with open(direct) as source:
                    origin = dict(json.load(source), **origin)
            text = json.dumps(origin, separators=(",", ":"), ensure_ascii=False).encode()
            with open(direct, "wb") as output:
                output.write(text)
            changed["direct_url.json"] = text
        if (origin or places.OFFLINE) and os.path.exists(info + "/uv_cache.json"):
            # Times and inodes of local files; uv notes none for what it fetches.
            os.unlink(info + "/uv_cache.json")
            changed["uv_cache.json"] = None
        rewrite_record(info, changed)


def rewrite_record(info, changed):
    """Enter what became of files of a dist-info into its RECORD: new content, or None for gone."""
    if not changed:
        return
    with open(info + "/RECORD", encoding="utf-8", newline="") as source:
        lines = source.read().splitlines(True)
    with open(info + "/RECORD", "w", encoding="utf-8", newline="") as output:
        for line in lines:
            name = line.partition(",")[0]
            folder, _, inside = name.rpartition("/")
            if folder != os.path.basename(info) or inside not in changed:
                output.write(line)
            elif changed[inside] is not None:
                content = changed[inside]
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
                ending = line[len(line.rstrip("\r\n")) :]
                output.write("%s,sha256=%s,%d%s" % (name, digest.decode(), len(content), ending))
