"""`/metrics`: what Prometheus' own parser reads of it."""

from prometheus_client.parser import text_string_to_metric_families

from supervisor.panel.metrics import metrics


def read(text: str) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_the_state_of_everything_is_a_gauge(where, desk, inside):
    answer = inside.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = read(answer.text)
    assert found["holdfast_condition", "running"] == 1
    assert found["holdfast_stop", "none"] == 1
    assert found["holdfast_child_restarts", "data_feed"] == 1
    assert found["holdfast_route_up", "writes", "primary"] == 1
    assert found["holdfast_orders_working",] == 1
    assert found["holdfast_structures_held",] == 1
    assert found["holdfast_day_baseline_dollars",] == 200_000
    assert 0 <= found["holdfast_limit_used", "account.primary-account.loss_day.reduce"] < 0.01
    assert found["holdfast_journal_sequence",] == desk.rig.writer.sequence


def test_what_is_unknown_has_no_sample(bare):
    found = read(metrics(bare).decode())
    assert found["holdfast_condition", "not running"] == 1
    assert not {name for name, *_ in found} & {"holdfast_day_pnl_dollars", "holdfast_journal_sequence"}
