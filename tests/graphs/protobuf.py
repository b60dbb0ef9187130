"""The messages of BuildKit's protocol, imported here and nowhere else in this package."""

from llb.pb import gateway_pb2, ops_pb2

__all__ = ["gateway_pb2", "ops_pb2"]
