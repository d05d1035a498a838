import json
import tomllib
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from actors.config import (
    ConfigInvalid,
    FaultCode,
    RuntimeConfig,
    assignment,
    find,
    load,
    parse,
    schema,
    with_overrides,
)
from actors.config_sections import Mode
from actors.strategies.base import load as load_strategy

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "config" / "holdfast.toml"
LIVE = ROOT / "config" / "live.example.toml"

PAPER = """\
[[routes]]
name = "one"
adapter = "tastytrade"
account_domain = "one"
role = "primary"
url = "paper"
[feed]
underlyings = ["SPX"]
"""


def faults_of(text: str):
    with pytest.raises(ConfigInvalid) as caught:
        parse(text, "config/x.toml", Path("/nowhere"))
    return caught.value.faults


def test_the_default_is_paper_with_a_primary_and_a_backup():
    config = load(DEFAULT)
    assert config.runtime.mode is Mode.PAPER
    assert [(route.role, route.url) for route in config.routes] == [("primary", "paper"), ("backup", "paper")]
    assert config.primary.adapter == "tastytrade"
    assert config.underlyings == ("SPX",)
    assert config.runtime.state == Path("~/.local/state/holdfast").expanduser()


def test_the_live_example_reads_in_its_sandbox_and_its_live_form():
    text = LIVE.read_text("utf-8")
    sandbox = parse(text, "live", LIVE.parent)
    assert sandbox.runtime.mode is Mode.SANDBOX
    live_text = text.replace('mode = "sandbox"', 'mode = "live"').replace("api.cert.", "api.")
    live_text = live_text.replace("streamer.cert.", "streamer.").replace("paper-api.", "api.")
    live = parse(live_text, "live", LIVE.parent)
    assert live.primary.url == "https://api.tastyworks.com"


def test_every_default_is_the_safe_one():
    config = parse(PAPER, "x", Path("/nowhere"))
    assert config.runtime.mode is Mode.PAPER
    assert config.runtime.ray_address == "private"
    assert not config.risk.limits.naked_allowed
    assert config.risk.limits.order_qty_max == 1
    assert config.strategies == ()
    assert config.notifier.targets == {}


def test_unknown_key_names_its_place_and_the_nearest_spelling():
    (fault,) = faults_of(PAPER + "[risk]\naccount_lsos_max = 100\n")
    assert (fault.line, fault.column, fault.code) == (10, 1, FaultCode.C014_UNKNOWN_KEY)
    assert str(fault) == (
        'config/x.toml:10:1: error[C014]: unknown key "account_lsos_max" in [risk]\n'
        " 10 | account_lsos_max = 100\n"
        '    | ^^^^^^^^^^^^^^^^ did you mean "account_loss_max"?'
    )


def test_a_key_like_no_other_lists_what_is_allowed():
    (fault,) = faults_of(PAPER + "[clock]\nzzzz = 1\n")
    assert fault.hint == "allowed: market_wait_max_s, skew_max_s"


def test_unknown_table_is_told_at_its_header():
    (fault,) = faults_of(PAPER + "[riks]\nx = 1\n")
    assert (fault.line, fault.hint) == (9, 'did you mean "risk"?')


def test_impossible_value_is_marked_where_the_value_stands():
    (fault,) = faults_of(PAPER + "[market]\nspeed = 9999   # too fast\n")
    assert (fault.line, fault.column, fault.width) == (10, 9, 4)
    assert "market.speed = 9999: input should be less than or equal to 3600" in fault.text


def test_wrong_choice_offers_the_nearest_allowed_one():
    (fault,) = faults_of(PAPER.replace('"primary"', '"primery"'))
    assert (fault.line, fault.key, fault.hint) == (5, "routes.1.role", 'did you mean "primary"?')


def test_all_faults_are_collected_in_the_order_of_the_file():
    faults = faults_of(PAPER + "[risk]\nspread_max = -1\nx_y = 2\n[clock]\nskew_max_s = nan\n")
    assert [fault.line for fault in faults] == [10, 11, 13]


def test_missing_key_is_shown_at_its_table():
    (fault,) = faults_of(PAPER.replace('adapter = "tastytrade"\n', ""))
    assert (fault.code, fault.line, fault.text) == (FaultCode.C015_MISSING_KEY, 1, '[routes.1] needs "adapter"')


def test_syntax_error_has_its_place():
    (fault,) = faults_of("[runtime]\nmode = paper\n")
    assert (fault.code, fault.line, fault.column) == (FaultCode.C002_SYNTAX, 2, 8)


def test_missing_file_is_a_fault_and_not_a_traceback(tmp_path: Path):
    with pytest.raises(ConfigInvalid, match=r"absent\.toml: error.C001.: cannot be read: No such file"):
        load(tmp_path / "absent.toml")


def test_every_message_ends_with_nothing_was_started():
    with pytest.raises(ConfigInvalid, match=r"1 error\. Nothing was started\.$"):
        parse("x = 1\n" + PAPER, "x", Path("/nowhere"))


CONTRADICTIONS = [
    ("paper reaches no broker", PAPER.replace('"paper"', '"https://api.tastyworks.com"'), 6, 'must be "paper"'),
    ("sandbox needs an address", '[runtime]\nmode = "sandbox"\n' + PAPER, 8, "needs an address"),
    (
        "sandbox refuses real money",
        '[runtime]\nmode = "sandbox"\n' + PAPER.replace('"paper"', '"https://api.tastyworks.com"'),
        8,
        "trades real money",
    ),
    (
        "live refuses a test system",
        '[runtime]\nmode = "live"\n' + PAPER.replace('"paper"', '"https://api.cert.tastyworks.com"'),
        8,
        "is a test system",
    ),
    (
        "live needs encryption",
        '[runtime]\nmode = "live"\n' + PAPER.replace('"paper"', '"http://api.tastyworks.com"'),
        8,
        "needs https",
    ),
    ("one primary", PAPER.replace('"primary"', '"backup"'), 5, "no route is primary"),
    ("settle window outlasts flight", PAPER.replace("[feed]", "settle_window_s = 15\n[feed]"), 7, "must outlast"),
    ("replay needs its folder", PAPER + '[market]\nsource = "replay"\ndate = 2015-12-24\n', 9, "missing"),
    ("permit outlives two intervals", PAPER + "[risk]\npermit_interval_s = 2\n", 10, "at most half"),
    ("start has an offset", PAPER + "[market]\nstart = 2026-11-23T09:30:00\n", 10, "needs its offset"),
    ("something to watch", PAPER.replace('["SPX"]', "[]"), 8, "nothing to watch"),
    ("losses nest", PAPER + "[risk]\nstructure_loss_max = 20000\n", 10, "exceeds account_loss_max"),
    (
        "accounts are read",
        PAPER + "[executor]\naccount_interval_s = 31\n",
        10,
        "must be at most half of risk.caps.power",
    ),
    ("unwinding has time", PAPER + "[executor]\nimbalance_deadline_s = 3\n", 10, "must outlast imbalance_grace_s"),
    ("feed route is known", PAPER + 'route = "two"\n', 9, "must be a tastytrade route: one"),
    ("a copy is kept somewhere", PAPER + '[journal]\ndurability = "replicated"\ntoken = "T"\n', 9, "needs it"),
    (
        "a wait is no hang",
        PAPER + '[journal]\ndurability = "replicated"\nfollower = "a:1"\ntoken = "T"\nack_timeout_s = 1\n',
        13,
        "a wait is no hang",
    ),
    ("who holds is a strategy", PAPER + '[expiry]\nhold = ["condro"]\n', 10, 'no strategy is called "condro"'),
    ("secrets have a purpose", PAPER.replace("[feed]", 'secrets = { key = "A" }\n[feed]'), 7, "client_secret and"),
]


@pytest.mark.parametrize(
    ("text", "line", "words"), [case[1:] for case in CONTRADICTIONS], ids=[c[0] for c in CONTRADICTIONS]
)
def test_contradictions_are_refused_where_they_stand(text: str, line: int, words: str):
    matching = [fault for fault in faults_of(text) if words in fault.text]
    assert [fault.line for fault in matching] == [line]


def test_names_are_unique():
    twice = PAPER + PAPER.partition("[feed]")[0].replace('"primary"', '"backup"')
    (fault,) = faults_of(twice)
    assert (fault.line, fault.text) == (10, 'routes.2.name: "one" is already the name of routes number 1')


@pytest.mark.parametrize(
    "line",
    [
        'secrets = { refresh_token = "eyJhbGciOi-planted" }',
        'refresh_token = "eyJhbGciOi-planted"',
        'secrets.client_secret = "eyJhbGciOi-planted"',
        'secrets = { refresh_token = "eyJhbGciOi-planted }',
    ],
)
def test_a_secret_in_the_file_is_refused_and_never_repeated(line: str):
    with pytest.raises(ConfigInvalid) as caught:
        parse(PAPER.replace("[feed]", line + "\n[feed]"), "x", Path("/nowhere"))
    assert "planted" not in str(caught.value)
    assert caught.value.faults[0].line == 7


def test_an_address_may_not_carry_a_login():
    faults = faults_of(PAPER.replace('"paper"', '"https://me:planted@api.tastyworks.com"'))
    assert faults


def test_overrides_go_by_dotted_key_and_by_name():
    config = with_overrides(
        load(DEFAULT),
        {
            "market.speed": 120,
            "routes.alpaca.account": "X1",
            "strategies.condor.parameters.wing": 5,
            "risk.spread_max": 1,
        },
    )
    assert config.market.speed == 120
    assert config.routes[1].account == "X1"
    assert config.strategies[0].parameters["wing"] == 5


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("market.sped", 1, 'command line: error[C014]: unknown key "sped" in [market]; did you mean "speed"?'),
        ("markt.speed", 1, 'unknown key "markt" at the top; did you mean "market"?'),
        ("routes.alpacca.account", "x", 'unknown key "alpacca" in [routes]; did you mean "alpaca"?'),
        ("routes.alpaca", "x", 'unknown key "alpaca"'),
        ("market.speed", "fast", "market.speed = 'fast'"),
        ("market.speed.x", 1, "unknown key"),
        ("market.source", "replay", "market.folder: missing"),
    ],
)
def test_overrides_are_checked_like_the_file(key: str, value: object, words: str):
    with pytest.raises(ConfigInvalid) as caught:
        with_overrides(load(DEFAULT), {key: value})
    assert words in str(caught.value)


def test_relative_path_on_the_command_line_counts_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = with_overrides(load(DEFAULT), {"market.folder": "lean"})
    assert config.market.folder == tmp_path / "lean"
    assert config.runtime.state == Path("~/.local/state/holdfast").expanduser()


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("market.speed=120", ("market.speed", 120)),
        ("market.underlying = GOOG", ("market.underlying", " GOOG".strip())),
        ('feed.underlyings=["A"]', ("feed.underlyings", ["A"])),
    ],
)
def test_assignments_read_values_as_toml_or_as_words(text: str, pair: tuple[str, object]):
    key, value = assignment(text)
    assert (key, value.strip() if isinstance(value, str) else value) == pair


def test_an_assignment_needs_an_equals_sign():
    with pytest.raises(ConfigInvalid, match="not of the form key=value"):
        assignment("market.speed")


def test_the_named_file_comes_before_the_environment_and_the_default(monkeypatch):
    monkeypatch.delenv("HOLDFAST_CONFIG", raising=False)
    assert find() == Path("config/holdfast.toml")
    monkeypatch.setenv("HOLDFAST_CONFIG", "/etc/h.toml")
    assert find() == Path("/etc/h.toml")
    assert find(Path("mine.toml")) == Path("mine.toml")


def test_money_is_read_exactly():
    config = parse(PAPER + "[risk]\nstructure_loss_max = 100.1\n", "x", Path("/nowhere"))
    assert config.risk.limits.structure_loss_max == Decimal("100.1")


def test_a_contradiction_built_in_code_is_refused_as_well():
    config = load(DEFAULT)
    routes = tuple(route.model_copy(update={"role": "backup"}) for route in config.routes)
    with pytest.raises(ValidationError):
        RuntimeConfig(routes=routes, strategies=config.strategies)


def test_the_schema_for_editors_is_current_and_accepts_the_files():
    kept = (ROOT / "config" / "holdfast.schema.json").read_text("utf-8")
    assert kept == schema(), "run scripts/write_schema.py"
    for path in (DEFAULT, LIVE):
        jsonschema.validate(tomllib.loads(path.read_text("utf-8")), json.loads(kept))


STRATEGY = """\
[[strategies]]
name = "condor"
strategy = "actors.strategies.iron_condor:IronCondor"
underlying = "SPX"
[strategies.parameters]
wing_widht = "25"
short_delta = 0.7
"""


def parameters_of(path: str):
    return load_strategy(path).Parameters


def test_a_strategys_own_model_tells_its_faults_where_they_stand():
    with pytest.raises(ConfigInvalid) as caught:
        parse(PAPER + STRATEGY, "x.toml", Path("/nowhere"), parameters_of)
    unknown, impossible = caught.value.faults
    assert (unknown.line, unknown.column, unknown.hint) == (14, 1, 'did you mean "wing_width"?')
    assert unknown.text == 'unknown key "wing_widht" in [strategies.1.parameters]'
    assert (impossible.line, impossible.column) == (15, 15)
    assert "short_delta = 0.7" in impossible.text


def test_a_strategy_that_does_not_exist_is_told_with_the_nearest_there_is():
    with pytest.raises(ConfigInvalid) as caught:
        parse(PAPER + STRATEGY.replace("iron_condor:", "iron_condr:"), "x.toml", Path("/nowhere"), parameters_of)
    (fault,) = caught.value.faults
    assert (fault.line, fault.column) == (11, 12)
    assert "iron_condor" in fault.text.partition("iron_condr")[2]


def test_the_files_that_ship_pass_their_strategies_own_models():
    for path in (DEFAULT, LIVE):
        assert load(path, parameters_of).strategies


def test_overridden_parameters_are_checked_by_the_strategy():
    with pytest.raises(ConfigInvalid, match="short_delta = 9"):
        with_overrides(load(DEFAULT), {"strategies.condor.parameters.short_delta": 9}, parameters_of)


def test_the_strategies_that_are_commented_out_work_once_the_marks_are_gone():
    head, _, more = DEFAULT.read_text("utf-8").partition("# More strategies.")
    text = head + "\n".join(line.removeprefix("#").strip() for line in more.splitlines()[1:])
    config = parse(text, "x.toml", DEFAULT.parent, parameters_of)
    assert [section.name for section in config.strategies] == ["condor", "strangle", "spread"]


def test_a_strategy_may_not_take_the_name_of_another_actor():
    (fault,) = faults_of(PAPER + STRATEGY.replace('"condor"', '"risk"'))
    assert (fault.line, fault.text) == (10, 'strategies.1.name: "risk" is the name of another actor')


@pytest.mark.parametrize("path", [DEFAULT, LIVE], ids=["paper", "live"])
def test_a_configuration_survives_being_stored_as_json(path: Path):
    config = load(path)
    assert RuntimeConfig.model_validate_json(config.model_dump_json()) == config


def quantconnect(text: str = "", domain: str = "two", covers: str = '"broker"') -> str:
    return (
        PAPER
        + f"""[[routes]]
name = "two"
adapter = "quantconnect"
account_domain = "{domain}"
covers = {covers}
role = "backup"
url = "paper"
{text}
"""
    )


def test_a_quantconnect_route_says_what_it_covers_and_trades_the_account_that_fits():
    assert parse(quantconnect(), "x", Path("/nowhere")).routes[1].covers == "broker"
    assert parse(quantconnect(domain="one", covers='"pipe"'), "x", Path("/nowhere")).routes[1].covers == "pipe"
    (fault,) = faults_of(quantconnect(domain="one"))
    assert "a broker of its own has its own domain" in fault.text
    (fault,) = faults_of(quantconnect(covers='"pipe"'))
    assert "a pipe trades the account of a tastytrade route" in fault.text
    (fault,) = faults_of(quantconnect(covers='"pipes"'))
    assert fault.hint == 'did you mean "pipe"?'
    (fault,) = faults_of(quantconnect().replace('covers = "broker"\n', ""))
    assert "needs covers" in fault.text


def test_only_a_quantconnect_route_covers_anything():
    (fault,) = faults_of(PAPER.replace('role = "primary"', 'role = "primary"\ncovers = "pipe"'))
    assert (fault.key, "tastytrade has none" in fault.text) == ("routes.1.covers", True)


def test_an_order_must_stay_unseen_longer_than_quantconnect_may_keep_it():
    (fault,) = faults_of(quantconnect("place_within_s = 60"))
    assert "must outlast place_within_s" in fault.text


def test_the_live_examples_quantconnect_route_reads_when_it_is_uncommented():
    text = LIVE.read_text("utf-8")
    start = text.index("# [[routes]]")
    end = text.index("[risk]")
    route = "\n".join(line.removeprefix("# ") for line in text[start:end].splitlines())
    config = parse(text[:start] + route + "\n" + text[end:], "live", LIVE.parent)
    assert (config.routes[-1].adapter, config.routes[-1].ack_port) == ("quantconnect", 8643)
    missing = (
        route.replace("project = 12345678", "")
        .replace("ack_port = 8643", "")
        .replace(', api_token = "QC_API_TOKEN"', "")
    )
    faults = faults_of(text[:start] + missing + "\n" + text[end:])
    assert len(faults) == 3
