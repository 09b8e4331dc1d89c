"""What of checkov's findings is a complaint."""

from dev.checkov.__main__ import Exempt, Finding, complaints, exceptions, found

ROLE = Finding("CKV_1", "AWS::IAM::Role.One", "no stars")


def test_a_finding_is_a_complaint() -> None:
    assert list(complaints([ROLE], [])) == ["CKV_1 AWS::IAM::Role.One: no stars"]


def test_an_exception_takes_it_away() -> None:
    assert list(complaints([ROLE], [Exempt("CKV_1", "AWS::IAM::Role.*", "why")])) == []


def test_an_exception_is_for_its_check_and_resource() -> None:
    others = [Exempt("CKV_2", "*", "why"), Exempt("CKV_1", "AWS::IAM::Role.Two", "why")]

    assert "CKV_1 AWS::IAM::Role.One: no stars" in list(complaints([ROLE], others))


def test_an_exception_that_nothing_needs_is_a_complaint() -> None:
    assert list(complaints([], [Exempt("CKV_1", "X.*", "why")])) == [
        "CKV_1 X.*: this exception is not needed any more: delete it"
    ]


def test_what_cannot_be_read_is_found() -> None:
    report = {"results": {"failed_checks": [], "parsing_errors": ["/template.json"]}}

    assert [finding.resource for finding in found(report)] == ["/template.json"]


def test_every_exception_has_its_reason() -> None:
    assert [one for one in exceptions() if len(one.reason) < 20] == []


def test_no_exception_is_written_twice() -> None:
    """Then one of them would stay when the other is deleted."""
    rows = [(one.check, one.resource) for one in exceptions()]

    assert len(rows) == len(set(rows))
