"""The files of examples/shop for compose, bake and GitHub Actions, used as they stand there."""
