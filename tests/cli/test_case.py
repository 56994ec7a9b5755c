import pytest


@pytest.mark.usefixtures("text_and_ledger")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "c", "--ledger", "l"), "no case c"),
        (("show", "c", "--ledger", "text"), "not a database"),
        (("erase", "--ledger", "l"), "either --owner or --listing"),
        (("erase", "--ledger", "l", "--owner", "o"), "give --registry"),
        (("rate", "--ledger", "text", "--owner", "o"), "not a database"),
    ],
)
def test_case_refuses_wrong_use_and_says_why(run, arguments, message):
    status, _, err = run("case", *arguments)
    assert status == 2
    assert message in err
