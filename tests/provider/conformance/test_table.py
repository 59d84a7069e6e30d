"""No module is missing, and the table tells the truth."""

from tests.provider.conformance.plans import BASIC, PLANS, RP_INITIATED_LOGOUT
from tests.provider.conformance.table import README, REMARKS, name_of_test, named_tests, render


def test_every_module_has_a_test() -> None:
    """Each module of the plans is a test that bears its name and names it in its sentence."""
    tests = named_tests()
    modules = [module for plan in PLANS.values() for module in plan]

    assert [module for module in modules if name_of_test(module) not in tests] == []
    assert [m for m in modules if not tests[name_of_test(m)][1].startswith(f"{m[:20]}")] == []


def test_every_test_that_claims_a_module_is_one() -> None:
    """No test bears a name that looks like a module's and is none."""
    known = {name_of_test(module) for plan in PLANS.values() for module in plan}

    assert {name for name in named_tests() if name.startswith("test_oidcc_")} == known


def test_the_plans_are_whole() -> None:
    """The plans have as many modules as the OpenID Foundation lists, none of them twice."""
    assert (len(set(BASIC)), len(set(RP_INITIATED_LOGOUT))) == (38, 11)
    assert {module for plan in PLANS.values() for module in plan} >= REMARKS.keys()


def test_the_table_is_in_step() -> None:
    """README.md is what the plans and the tests make; write it anew with the command that it names."""
    assert README.read_text("utf-8") == render()
