"""EMIT: describe every layer of a plan as LLB, and the image configuration. Pure.

```
layers         one step for each layer
step           Step: a layer, its operation, its report
assemble       the layers on the base
layer_lock     the lock, manifest and settings that make uv install one layer
git_checkout   packages from git, fetched by BuildKit
image_config   the configuration of the image
layer_key      a digest of everything that decides a layer
```

Belongs here: operations, mounts and cache keys of layers.
Does not belong here: choosing layers (`plan`) and solving them (`solve`).
"""
