import py_compile
from importlib.metadata import version

from supervisor.app.doctor.finding import Verdict
from supervisor.app.doctor.installation import bytecode, packages, python, stranger


def test_another_python_than_the_one_it_was_made_for_forbids_trading():
    assert python((3, 11)).verdict is Verdict.OK
    assert python((3, 12)).verdict is Verdict.FAIL


def test_another_version_of_what_is_relied_on_forbids_trading_and_of_anything_else_only_warns():
    pydantic, click = version("pydantic"), version("click")
    assert packages({"pydantic": pydantic, "click": click}).verdict is Verdict.OK
    found = packages({"pydantic": "1.0", "click": click})
    assert (found.verdict, found.text) == (Verdict.FAIL, f"1 differ: pydantic {pydantic} for 1.0")
    assert packages({"pydantic": pydantic, "click": "1.0"}).verdict is Verdict.WARN
    assert packages({"no-such-package": "1.0"}).text == "1 differ: no-such-package missing for 1.0"


def test_a_package_that_imports_under_our_name_forbids_trading():
    assert stranger("supervisor").verdict is Verdict.OK
    assert stranger("click").verdict is Verdict.FAIL  # stands for it: any distribution that is installed


def test_a_module_changed_after_it_was_compiled_counts_as_not_compiled(tmp_path):
    module = tmp_path / "module.py"
    module.write_text("x = 1\n")
    assert bytecode([module]).verdict is Verdict.WARN
    py_compile.compile(str(module))
    assert bytecode([module]).verdict is Verdict.OK
    module.write_text("x = 12\n")
    assert bytecode([module]).verdict is Verdict.WARN
