"""`holdfast doctor`: what of this machine, this installation and this runtime stands in the way of trading.

One file a subject; each returns findings and changes nothing but a scratch file to time the disk with. None needs Ray
or a running tree.
"""
