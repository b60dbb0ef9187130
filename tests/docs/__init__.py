"""What keeps README and docs/ true."""
