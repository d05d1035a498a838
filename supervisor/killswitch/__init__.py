"""The kill switch: a process of its own that ends what may send, cancels and closes, and needs nothing that runs.

It shares the rules of orders and the brokers' adapters with the tree, and no screen, report or alert of it; ray is not
imported.
"""
