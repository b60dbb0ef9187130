"""Images for other platforms than the engine's own, on real engines."""
