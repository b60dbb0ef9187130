"""The wire contract between a BuildKit daemon and a frontend, as protobuf messages.

The `.proto` files beside this module keep BuildKit's protobuf packages, names and numbers (these
are what travels) under file paths of our own; comments and selection are ours. `python -m
proto.generate` writes the `*_pb2.py` modules and their type stubs from them. Nothing here imports
gRPC: a client calls `channel.unary_unary("/moby.buildkit.v1.frontend.LLBBridge/Ping", ...)` with
these messages.
"""
