"""PLAN: divide the packages of an image into layers. Pure.

Belongs here: which layer holds a package, and in which order layers come.
Does not belong here: how a layer is made (`emit`).
"""
