"""Take files out of installed packages (`trim` in the spec)."""

import glob
import os
import re
import shutil

import places


def trim(patterns):
    """Take what matches PATTERNS out of the installed packages, and off the lists of their files.

    Paths are seen from the folder that the packages are in. What describes a package stays.
    """
    matching = re.compile("|".join(map(translate, patterns)))
    for site in sites():
        gone = set()
        for directory, directories, files in os.walk(site):
            below = "" if directory == site else os.path.relpath(directory, site) + "/"
            directories[:] = [name for name in directories if not name.endswith(".dist-info")]
            for name in [*directories, *files]:
                path = os.path.join(directory, name)
                if not matching.fullmatch(below + name):
                    continue
                if name in directories:
                    directories.remove(name)
                if os.path.isdir(path) and not os.path.islink(path):
                    gone.update(os.path.relpath(each, site) for each in places.entries(path))
                    shutil.rmtree(path)
                else:
                    gone.add(below + name)
                    os.unlink(path)
                    cached = os.path.join(directory, "__pycache__", os.path.splitext(name)[0])
                    for each in glob.glob(glob.escape(cached) + ".*.pyc"):
                        gone.add(os.path.relpath(each, site))
                        os.unlink(each)
        if gone:
            for record in glob.glob(glob.escape(site) + "/*.dist-info/RECORD"):
                strike(record, gone)
            for path in places.entries(site):
                if os.path.isdir(path) and not os.path.islink(path) and not os.listdir(path):
                    os.rmdir(path)


def translate(pattern):
    """A regular expression for a pattern: ** is any number of folders, * stays within one."""
    parts = pattern.strip("/").split("/")
    found = ""
    for number, part in enumerate(parts, 1):
        if part == "**":
            found += "(?:[^/]+/)*" if number < len(parts) else ".+"
            continue
        for piece in re.findall(r"\[!?[^]]+\]|.", part):
            if len(piece) > 1:
                negated = piece[1] == "!"
                found += "[^" + piece[2:] if negated else piece
            else:
                found += {"*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece))
        if number < len(parts):
            found += "/"
    return "(?:%s)" % found


def sites():
    """The folders of the layer that packages are installed in."""
    found = []
    for directory, directories, _ in os.walk(places.LAYER):
        if any(name.endswith(".dist-info") for name in directories):
            found.append(directory)
            # Packages bring such folders of their own, which are theirs.
            directories[:] = []
    return found


def strike(record, gone):
    """Take the paths in `gone` off a package's list of files (PEP 376)."""
    import csv

    with open(record, encoding="utf-8", newline="") as source:
        lines = source.read().splitlines(True)
    kept = [line for line in lines if next(csv.reader([line]), [""])[0] not in gone]
    if kept != lines:
        with open(record, "w", encoding="utf-8", newline="") as output:
            output.writelines(kept)
