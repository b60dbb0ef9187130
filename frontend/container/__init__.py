"""How one step runs in a container: paths, mounts, environment, scripts and secrets.

Belongs here: descriptions that are the same for every step.
Does not belong here: which steps a build has (`plan`, `emit`), and running them (`solve`).
"""
