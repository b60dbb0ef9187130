"""The uv workspace as values: manifests, lock, groups, `[tool.uv]`.

```
lock                 uv.lock
lock_graph           the walk over the packages of a lock, and its edges
kinds                kinds of values in files, checked where a file is parsed
manifest             what of a manifest decides a build
workspace            root, members, and what is selected of them
groups               dependency groups and their requirements of Python
lock_check           whether lock and manifests fit each other
uv_config            settings of uv: where they may be, and what becomes of each
build_requirements   what the build of a member needs of the workspace
git_versions         members whose version is made from git
```

Belongs here: how uv understands the files of a workspace.
Does not belong here: how those files are read from the client, or what is installed from them.
"""
