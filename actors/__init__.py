"""What trades.

Arrows point one way: shells (`data_feed`, `broker_connection`, `executor`, `risk`, `notifier`, `strategy`, `analyst`)
use adapters (`brokers`, `feeds`, `strategies`, `venue`), which use `ports`, `messages` and `domain`. No shell imports
another shell; nothing here imports `supervisor` or ray.
"""
