"""READ: fetch from the client and the contexts all that a build needs to know.

Belongs here: calls that read build file, ignore file, lock and manifests.
Does not belong here: decisions, which `config` and `project` take from the texts.
"""
