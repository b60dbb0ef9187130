"""The messages of BuildKit's protocol, generated from the `.proto` files in `proto/`.

Nothing here imports gRPC: a client calls
`channel.unary_unary("/moby.buildkit.v1.frontend.LLBBridge/Ping", ...)` with these messages.
"""
