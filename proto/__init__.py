"""The wire contract between a BuildKit daemon and a frontend, as `.proto` files.

They keep BuildKit's protobuf packages, names and numbers (these are what travels) under file paths
of our own; comments and selection are ours. `python -m proto.generate` writes the modules of
`llb.pb` and their type stubs from them.
"""
