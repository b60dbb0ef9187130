"""Settings of the user: the keys of `[tool.uv-frontend]`, build arguments and their checks.

Belongs here: which keys exist, their kinds, and where a value comes from.
Does not belong here: what a key changes in the build.
"""
