"""Describe the Python of an image for another processor, by reading it: nothing of it is run.

    foreign.py OUTPUT ROOT PATH [FIRST ...]

ROOT is where the image's filesystem is mounted, PATH its search path, FIRST where to look before
that. OUTPUT receives JSON: "pythons" is a list, the one that a user would get first; "system" is
what `probe.py` tells of an image that it runs in.
"""

import glob
import json
import os
import re
import stat
import struct
import sys

NAMES = re.compile(r"python3?(\.[0-9]+t?)?")
#: Numbers of processors in ELF headers (elf.h), and what uname calls them.
MACHINES = {
    3: "i686",
    21: "ppc64le",
    22: "s390x",
    40: "arm",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
}


def real(root, path):
    """Follow the links of `path` as they lead inside the image; "" where they end nowhere."""
    done, rest = "", path.split("/")
    for _ in range(400):
        if not rest:
            return done
        part = rest.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            done = os.path.dirname(done.rstrip("/"))
            continue
        step = done + "/" + part
        if os.path.islink(root + step):
            target = os.readlink(root + step)
            rest = target.split("/") + rest
            done = "" if target.startswith("/") else done
        elif os.path.lexists(root + step):
            done = step
        else:
            return ""
    return ""


def content(root, path):
    with open(root + path, "rb") as file:
        return file.read()


def loader_of(data):
    """The machine and the dynamic loader of an ELF file; ("", "") for other files."""
    if data[:4] != b"\x7fELF":
        return "", ""
    order = "<" if data[5] == 1 else ">"
    wide = data[4] == 2
    (machine,) = struct.unpack_from(order + "H", data, 18)
    (table,) = struct.unpack_from(order + ("Q" if wide else "I"), data, 32 if wide else 28)
    size, count = struct.unpack_from(order + "HH", data, 54 if wide else 42)
    loader = ""
    for header in range(table, table + size * count, size):
        (kind,) = struct.unpack_from(order + "I", data, header)
        if kind == 3:  # PT_INTERP
            word = order + ("Q" if wide else "I")
            (start,) = struct.unpack_from(word, data, header + (8 if wide else 4))
            (length,) = struct.unpack_from(word, data, header + (32 if wide else 16))
            loader = data[start : start + length].split(b"\0")[0].decode()
    return MACHINES.get(machine, "machine %d" % machine), loader


def library(root, prefix, name):
    """The shared library `name`, where loaders look for it."""
    for top in (prefix + "/lib", "/usr/local/lib", "/lib", "/usr/lib", "/lib64", "/usr/lib64"):
        folder = real(root, top)
        for found in (folder + "/" + name, *inside(root, folder + "/*-linux-*/" + name)):
            if folder and real(root, found):
                return real(root, found)
    return ""


def inside(root, pattern):
    return sorted(path[len(root) :] for path in glob.glob(root + pattern))


def libc_of(root, loader):
    if "ld-musl" in loader:
        path, name, pattern = real(root, loader), "musl", rb"\0(1\.[0-9]+\.[0-9]+)\0"
    elif "/ld" in loader:
        path, name = library(root, "", "libc.so.6"), "glibc"
        pattern = rb"GNU C Library [^\n]*release version ([0-9]+\.[0-9]+)"
    else:
        return {"name": "unknown", "version": ""}
    found = re.search(pattern, content(root, path)) if path else None
    return {"name": name, "version": found.group(1).decode() if found else ""}


def describe(root, path):
    """What is known of the interpreter at `path`; None where it is no CPython."""
    program = real(root, path)
    if not program or not os.path.isfile(root + program):
        return None
    data = content(root, program)
    machine, loader = loader_of(data)
    # Landmarks are where the interpreter itself looks for them: beside the folder it is in.
    prefix = os.path.dirname(os.path.dirname(program))
    for landmark in inside(root, prefix + "/lib/python3.*/os.py"):
        name = landmark.split("/")[-2]
        minor = re.escape(name[len("python") :].rstrip("t")).encode()
        # Mostly a string of its own; linkers also let it be the end of a longer one.
        pattern = rb"(?<![0-9.])(" + minor + rb"\.[0-9]+(?:(?:a|b|rc)[0-9]+)?)\+?\0"
        shared = library(root, prefix, "lib%s.so.1.0" % name)
        for part in (data, content(root, shared) if shared else b""):
            found = re.search(rb"\0" + pattern, part) or re.search(pattern, part)
            if found and machine:
                return {
                    "path": path,
                    "prefix": prefix,
                    "version": found.group(1).decode(),
                    "free_threaded": name.endswith("t"),
                    "machine": machine,
                    "libc": libc_of(root, loader),
                }
    return None


def text(root, path):
    """A file's text, empty where it cannot be read."""
    found = real(root, path)
    try:
        return content(root, found).decode("utf-8", "replace") if found else ""
    except OSError:
        return ""


def system(root, search):
    """What the image holds besides Python, as far as it matters to what is added."""
    release = {}
    for line in (text(root, "/etc/os-release") or text(root, "/usr/lib/os-release")).splitlines():
        key, _, value = line.partition("=")
        release[key] = value.strip().strip("\"'")
    app = None
    if os.path.isdir(root + "/app") and not os.path.islink(root + "/app"):
        info = os.stat(root + "/app")
        app = [info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)]
    return {
        "id": release.get("ID", ""),
        "version": release.get("VERSION_ID", ""),
        "codename": release.get("VERSION_CODENAME", ""),
        "programs": [
            name
            for name in ("sh", "apt-get", "apk")
            if any(real(root, folder + "/" + name) for folder in search.split(":"))
        ],
        "app": app,
        "environment": os.path.lexists(root + "/app/.venv"),
        "passwd": text(root, "/etc/passwd"),
        "group": text(root, "/etc/group"),
    }


def candidates(root, search, first):
    yield from first
    for folder in search.split(":"):
        place = real(root, folder)
        names = os.listdir(root + place) if place and os.path.isdir(root + place) else ()
        # As people call it before versions, the newest first.
        pythons = [name for name in names if NAMES.fullmatch(name)]
        numbered = sorted(
            (n for n in pythons if "." in n), key=lambda n: (-int(n[8:].rstrip("t")), n)
        )
        for name in (*sorted(set(pythons) - set(numbered), reverse=True), *numbered):
            yield folder + "/" + name


def main(output, root, search, *first):
    found, seen = [], set()
    for path in candidates(root, search, first):
        program = real(root, path)
        if program not in seen:
            seen.add(program)
            found.append(describe(root, path))
    about = {"pythons": [each for each in found if each], "system": system(root, search)}
    with open(output, "w") as file:
        json.dump(about, file, sort_keys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
