"""EMIT: describe every layer of a plan as LLB, and the image configuration. Pure.

Belongs here: operations, mounts and cache keys of layers.
Does not belong here: choosing layers (`plan`) and solving them (`solve`).
"""
