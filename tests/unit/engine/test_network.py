"""Each engine's addresses lie apart."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network

from tests.engine.network import Network, routed

HEADER = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


def test_bridge_and_pool_share_the_range_without_overlap() -> None:
    network = Network("uvf0", IPv4Network("10.201.16.0/20"))
    assert network.gateway == IPv4Interface("10.201.16.1/24")
    assert network.pool == IPv4Network("10.201.24.0/21")
    assert not network.gateway.network.overlaps(network.pool)


def test_rules_name_only_the_own_range() -> None:
    network = Network("uvf0", IPv4Network("10.201.16.0/20"))
    assert all("10.201.16.0/20" in rule for rule in network.rules)


def test_routes_are_read_in_the_kernels_byte_order() -> None:
    table = HEADER + (
        "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    )
    assert routed(table) == [IPv4Network("192.0.2.0/24")]
