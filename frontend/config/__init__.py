"""Settings of the user: the keys of `[tool.uv-frontend]`, build arguments and their checks.

```
keys       which keys exist, and where each may be given
schema     what the value of a key may be (pydantic, imported for unusual values only)
settings   the values of a build, merged from build arguments, build file and manifests
```

Belongs here: which keys exist, their kinds, and where a value comes from.
Does not belong here: what a key changes in the build.
"""
