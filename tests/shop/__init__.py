"""The example workspace `examples/shop`, compared with what uv itself makes of it."""
