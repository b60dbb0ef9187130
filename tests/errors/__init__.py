"""Every mistake a user can make, on real engines: what buildx shows of it."""
