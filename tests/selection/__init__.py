"""What of a workspace gets into an image: packages, extras, groups; what it holds, and checks."""
