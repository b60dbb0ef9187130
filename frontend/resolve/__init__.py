"""RESOLVE: per platform, find base, interpreter, uv and packages.

Belongs here: questions to the daemon whose answers decide what is installed.
Does not belong here: layers (`plan`) and their operations (`emit`).
"""
