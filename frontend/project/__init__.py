"""The uv workspace as values: manifests, lock, groups, `[tool.uv]`.

Belongs here: how uv understands the files of a workspace.
Does not belong here: how those files are read from the client, or what is installed from them.
"""
