"""Describe the Python that runs this: written as JSON to the path given as the only argument."""

import json
import os
import platform
import stat
import struct
import sys
import sysconfig


def libc():
    """Name and version of the C library the interpreter runs on."""
    name, version = platform.libc_ver()
    if name == "glibc":
        return {"name": "glibc", "version": version}
    # musl has no version symbol; its loader prints the version when called alone (PEP 656).
    try:
        import subprocess

        with open(sys.executable, "rb") as executable:
            start = executable.read(4096)
        loader = start[start.index(b"/lib/ld-musl-") :].split(b"\0", 1)[0].decode()
        output = subprocess.run([loader], stderr=subprocess.PIPE).stderr.decode()
        for line in output.splitlines():
            if line.startswith("Version "):
                return {"name": "musl", "version": line.split()[1]}
    except (OSError, ValueError):
        pass
    return {"name": name or "unknown", "version": version}


def markers():
    """The environment of PEP 508's markers."""
    info = sys.implementation.version
    implementation = "{0.major}.{0.minor}.{0.micro}".format(info)
    if info.releaselevel != "final":
        implementation += info.releaselevel[0] + str(info.serial)
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": implementation,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": "",
        "platform_system": platform.system(),
        "platform_version": "",
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def text(path):
    """A file's text, empty where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def system():
    """What the image holds besides Python, as far as it matters to what is added."""
    release = {}
    for line in (text("/etc/os-release") or text("/usr/lib/os-release")).splitlines():
        key, _, value = line.partition("=")
        release[key] = value.strip().strip("\"'")
    folders = os.environ.get("PATH", "").split(":")
    programs = [
        name
        for name in ("sh", "apt-get", "apk", "git")
        if any(os.path.exists(os.path.join(folder, name)) for folder in folders)
    ]
    app = None
    if os.path.isdir("/app") and not os.path.islink("/app"):
        info = os.stat("/app")
        app = [info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)]
    return {
        "id": release.get("ID", ""),
        "version": release.get("VERSION_ID", ""),
        "codename": release.get("VERSION_CODENAME", ""),
        "programs": programs,
        "app": app,
        "environment": os.path.lexists("/app/.venv"),
        "passwd": text("/etc/passwd"),
        "group": text("/etc/group"),
    }


description = {
    "path": os.path.abspath(sys.executable),
    "prefix": sys.prefix,
    "bits": struct.calcsize("P") * 8,
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "libc": libc(),
    "markers": markers(),
    "system": system(),
}
with open(sys.argv[1], "w") as output:
    json.dump(description, output, sort_keys=True)
