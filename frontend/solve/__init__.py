"""RUN: let the daemon solve what was emitted, and explain what fails.

Belongs here: solving, failures of steps, checks of the finished image.
Does not belong here: anything that changes the graph after it is emitted.
"""
