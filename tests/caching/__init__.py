"""What a change rebuilds: a workspace, a change to it, the steps that run and the layers that move.

Read `test_rebuilds.py` first: it is the specification.
"""
