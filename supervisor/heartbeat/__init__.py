"""The heartbeat: a process beside the tree that tells a watchman elsewhere that all of it works, and else is silent.

It holds no login of a broker, and decides by what the tree leaves in files; ray is not imported.
"""
