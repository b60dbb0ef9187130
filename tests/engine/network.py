"""A bridge and a range of addresses for one engine, apart from every other engine's.

An engine that manages the packet filter takes the whole machine for its own: a second one removes
the first one's rules. Ours therefore leave it alone, and the few rules they need are made here.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine import cache
from tests.engine.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.kinds import Programs

# linux/sockios.h
_SIOCGIFADDR, _SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCSIFFLAGS = 0x8915, 0x8916, 0x891C, 0x8914
_SIOCBRADDBR, _SIOCBRDELBR = 0x89A0, 0x89A1
_SIOCSIFHWADDR = 0x8924
_ARPHRD_ETHER = 1
_IFF_UP = 0x1
_PREFIX = "uvf"


@dataclass(frozen=True)
class Network:
    """What one engine may use: `bridge` has the range's first address."""

    bridge: str
    range: IPv4Network  # a /20

    @property
    def gateway(self) -> IPv4Interface:
        """The bridge's own address, in the first /24 of the range."""
        first = next(self.range.subnets(new_prefix=24))
        return IPv4Interface((first.network_address + 1, 24))

    @property
    def pool(self) -> IPv4Network:
        """The upper half of the range, for networks that users of the engine create."""
        return list(self.range.subnets(prefixlen_diff=1))[1]

    @property
    def rules(self) -> list[list[str]]:
        """The packet filter's rules: table, chain, and the rule itself."""
        inside = str(self.range)
        return [
            ["nat", "POSTROUTING", "-s", inside, "!", "-d", inside, "-j", "MASQUERADE"],
            ["filter", "INPUT", "-s", inside, "-d", str(self.gateway.ip), "-j", "ACCEPT"],
            ["filter", "FORWARD", "-s", inside, "-j", "ACCEPT"],
            ["filter", "FORWARD", "-d", inside, "-j", "ACCEPT"],
        ]

    def up(self, programs: Programs) -> None:
        """Make the bridge and the rules; again changes nothing. Raises EngineUnavailable."""
        try:
            if not _exists(self.bridge):
                _add_bridge(self.bridge, self.gateway)
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
        except OSError as error:
            message = f"cannot make a network bridge for the engine: {error}"
            raise EngineUnavailable(message) from error
        for table, chain, *rule in self.rules:
            if not _iptables(programs, "-t", table, "-C", chain, *rule).returncode:
                continue
            done = _iptables(programs, "-t", table, "-I", chain, *rule)
            if done.returncode:
                message = f"cannot give containers a network: iptables says\n{done.stderr}"
                raise EngineUnavailable(message)

    def down(self, programs: Programs) -> None:
        """Remove rules and bridge as far as they are there."""
        for table, chain, *rule in self.rules:
            _iptables(programs, "-t", table, "-D", chain, *rule)
        for bridge in bridges():
            # The engine's users may have made further networks, from the pool.
            found = address_of(bridge)
            if bridge == self.bridge or (found and found in self.range):
                _remove_bridge(bridge)


_ALONE = Network(f"{_PREFIX}-alone", IPv4Network("10.217.0.0/20"))


def allocate(programs: Programs, *, alone: bool = False) -> Network:
    """Choose a bridge name and a range that nothing on this machine uses, and bring them up.

    `alone` says that this process is in a network namespace of its own. What is chosen there is
    chosen for no engine elsewhere: whoever removes it by its name removes nobody else's.
    """
    if alone:
        _ALONE.up(programs)
        return _ALONE
    with cache.locked(cache.RUNTIME / "network.lock"):
        taken = routed(Path("/proc/net/route").read_text())
        for number, candidate in enumerate(_candidates()):
            bridge = f"{_PREFIX}{number}"
            if _exists(bridge) or any(candidate.overlaps(other) for other in taken):
                continue
            network = Network(bridge, candidate)
            network.up(programs)
            return network
    raise EngineUnavailable(
        "every private address range that could be used for containers is taken"
    )


def _candidates() -> Iterator[IPv4Network]:
    for block in ("10.201.0.0/16", "172.29.0.0/16", "192.168.192.0/18"):
        yield from IPv4Network(block).subnets(new_prefix=20)


def routed(table: str) -> list[IPv4Network]:
    """The destinations of all routes but the default one, from the text of /proc/net/route."""
    networks = []
    for line in table.splitlines()[1:]:
        _, destination, _, _, _, _, _, mask, *_ = line.split()
        address, netmask = (
            IPv4Address(struct.pack("<I", int(field, 16))) for field in (destination, mask)
        )
        if int(netmask):
            networks.append(IPv4Network(f"{address}/{netmask}", strict=False))
    return networks


def _exists(interface: str) -> bool:
    return Path("/sys/class/net", interface).exists()


def bridges() -> list[str]:
    """The names of all bridges of this machine."""
    return [path.parent.name for path in Path("/sys/class/net").glob("*/bridge")]


def address_of(interface: str) -> IPv4Address | None:
    """The address of a network interface, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            reply = fcntl.ioctl(control, _SIOCGIFADDR, struct.pack("40s", interface.encode()))
        except OSError:
            return None
    return IPv4Address(reply[20:24])


def _add_bridge(name: str, address: IPv4Interface) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCBRADDBR, name.encode() + b"\0")
        # A bridge without an address of its own has the lowest of its ports. Containers that come
        # and go would change it, and the others send to the old one for half a minute.
        hardware = b"\x02\x42" + address.ip.packed
        request = struct.pack("16sH6s8x", name.encode(), _ARPHRD_ETHER, hardware)
        fcntl.ioctl(control, _SIOCSIFHWADDR, request)
        _set_address(control, _SIOCSIFADDR, name, address.ip)
        _set_address(control, _SIOCSIFNETMASK, name, address.netmask)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), _IFF_UP))


def raise_loopback() -> None:
    """Bring the loopback interface up: a new network namespace has it down. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def _remove_bridge(name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), 0))
        fcntl.ioctl(control, _SIOCBRDELBR, name.encode() + b"\0")


def _set_address(control: socket.socket, request: int, name: str, address: IPv4Address) -> None:
    # struct ifreq with a struct sockaddr_in in it
    packed = struct.pack("16sHH4s8x", name.encode(), socket.AF_INET, 0, address.packed)
    fcntl.ioctl(control, request, packed)


def _iptables(programs: Programs, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the machine's own iptables (its rules may live in either backend), else ours."""
    env = dict(os.environ)
    own = shutil.which("iptables", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    if own is None:
        own = str(programs.support.executable("iptables-nft"))
        env["LD_LIBRARY_PATH"] = ":".join(map(str, programs.libraries))
        env["XTABLES_LIBDIR"] = str(programs.xtables)
    command = [own, "--wait", "5", *arguments]
    return subprocess.run(command, check=False, env=env, capture_output=True, text=True)
