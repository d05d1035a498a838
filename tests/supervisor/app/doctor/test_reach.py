from supervisor.app.doctor.finding import Verdict
from supervisor.app.doctor.reach import examine
from supervisor.listeners import Listener
from supervisor.process import Process

RISK, STRANGER = Process(11, 1), Process(12, 1)


def listener(host: str, process: Process = RISK, port: int = 4000) -> Listener:
    return Listener(host=host, port=port, process=process, command="")


def test_a_port_on_loopback_is_named_with_its_actor_and_is_fine():
    (found,) = examine([listener("127.0.0.1")], {RISK: "risk"})
    assert (found.verdict, found.subject) == (Verdict.OK, "port 4000")
    assert "risk (11)" in found.text


def test_a_port_that_others_can_reach_forbids_trading():
    (found,) = examine([listener("0.0.0.0")], {RISK: "risk"})
    assert found.verdict is Verdict.FAIL


def test_a_tree_over_several_nodes_is_warned_of_the_ports_it_cannot_do_without():
    (found,) = examine([listener("0.0.0.0")], {RISK: "gate"}, has_nodes=True)
    assert (found.verdict, found.todo) == (Verdict.WARN, "keep it on a network of your own")


def test_ports_of_other_programs_are_not_told():
    assert list(examine([listener("0.0.0.0", STRANGER)], {RISK: "risk"})) == []


def test_where_nothing_runs_that_is_said():
    (found,) = examine([listener("0.0.0.0", STRANGER)], {})
    assert found.verdict is Verdict.UNKNOWN
