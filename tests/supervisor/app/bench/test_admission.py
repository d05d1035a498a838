"""The bench of admission times openings that are admitted, on a book that holds others."""

from supervisor.app.bench import admission


def test_each_order_it_times_is_admitted():
    timed = admission.measure(5)
    assert len(timed) == 5
    assert all(timed > 0)
