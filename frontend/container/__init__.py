"""How one step runs in a container: paths, mounts, environment, scripts and secrets.

```
paths          where things are in the container of a step
environment    StepImage, BuildEnvironment: what a step runs on
writer         StepWriter: the only code that writes a step which runs a program
scripts        the scripts of `steps` as files to mount
secrets        mounts of credentials
downloads      what a hermetic build mounts in place of the network
links          mounts of folders that are indexes
uv_settings    the `uv.toml` of a step
base_changes   steps that change the base's own file system
```

Belongs here: descriptions that are the same for every step.
Does not belong here: which steps a build has (`plan`, `emit`), and running them (`solve`).
"""
