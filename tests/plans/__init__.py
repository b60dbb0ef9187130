"""The plans of locks unlike the example's: conflicts, forks, sources of every kind, 645 packages.

`workspaces/` holds manifests of real packages, which are locked anew as the example is: nothing is
left to choose, and no lock with the addresses of an index has to be kept. `platform.txt` is what a
lock of a whole company's tools comes to: name, version and size of each of its packages (for
Python 3.11 on amd64), which the tests give addresses at index.example. `golden/` has the plans.
"""
