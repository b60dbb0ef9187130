"""What a build says of its image: the bill of materials, and the provenance."""
