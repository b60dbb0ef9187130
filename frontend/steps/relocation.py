"""Move an environment's packages into the base's own Python (`venv` in the spec)."""

import base64
import hashlib
import os
import re
import shutil

import places


def move_to(prefix):
    """Move what was installed to the folders of the base's own Python.

    Its scripts then run by that, and lists of files (PEP 376) say where they are.
    """
    environment = places.LAYER + places.VENV
    moved, changed = {}, {}
    for path in sorted(places.entries(environment)):
        if os.path.isdir(path) and not os.path.islink(path):
            continue
        inside = os.path.relpath(path, environment)
        packages = re.match("lib/python[^/]+/site-packages/", inside)
        if packages:
            target = prefix["packages"] + "/" + inside[packages.end() :]
        elif inside.startswith("bin/"):
            target = prefix["scripts"] + inside[3:]
            content = rename_interpreter(path, prefix["interpreter"])
            if content is not None:
                changed[target] = content
        else:
            target = prefix["data"] + "/" + inside
        moved[path] = target
    for path, target in moved.items():
        os.makedirs(os.path.dirname(places.LAYER + target), exist_ok=True)
        shutil.move(path, places.LAYER + target)
    shutil.rmtree(environment, ignore_errors=True)
    for path, target in moved.items():
        if target.endswith(".dist-info/RECORD"):
            relocate_record(path, target, moved, changed, prefix["packages"])


def rename_interpreter(path, interpreter):
    """Let a script of the environment's Python run by another one; its new content, or None."""
    with open(path, "rb") as source:
        content = source.read()
    # The first line, or the next ones where that is a shell's.
    head, found, rest = content.partition(places.VENV.encode() + b"/bin/python")
    if not content.startswith(b"#!") or not found or head.count(b"\n") > 2:
        return None
    content = head + interpreter.encode() + rest[re.match(rb"[0-9.]*", rest).end() :]
    with open(path, "r+b") as output:
        output.write(content)
        output.truncate()
    return content


def relocate_record(path, target, moved, changed, packages):
    """Rewrite a list of files that was at `path`: what is not below it has moved elsewhere."""
    site = os.path.dirname(os.path.dirname(path))
    with open(places.LAYER + target, encoding="utf-8", newline="") as source:
        lines = source.read().splitlines(True)
    with open(places.LAYER + target, "w", encoding="utf-8", newline="") as output:
        for line in lines:
            text = line.rstrip("\r\n")
            name, _, rest = text.partition(",")
            place = moved.get(os.path.normpath(os.path.join(site, name)))
            if not name.startswith("../") or place is None:
                output.write(line)
                continue
            if place in changed:
                digest = base64.urlsafe_b64encode(hashlib.sha256(changed[place]).digest())
                rest = "sha256=%s,%d" % (digest.rstrip(b"=").decode(), len(changed[place]))
            name = os.path.relpath(place, packages)
            output.write("%s,%s%s" % (name, rest, line[len(text) :]))
