"""Values that several stages share: packages, interpreters, bases, layers.

Belongs here: frozen values and what follows from them alone.
Does not belong here: reading files, the daemon, or LLB of a build.
"""
