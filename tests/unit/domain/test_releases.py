"""The way back to the versions before, and when there is none."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from openmind_llm.domain import releases
from openmind_llm.domain.releases import FUNCTIONS, Live, Released, RollbackError, Version

HOUR = 3600.0


class FakeReleases:
    """See domain.releases.Releases. Three versions of each function, an hour apart; the third is live."""

    def __init__(self) -> None:
        versions = [Version(number, number * HOUR) for number in (1, 2, 3)]
        self.known = {function: Released(function, versions, Live(3, f"of-{function}")) for function in FUNCTIONS}
        self.under_way: list[str] = []
        self.pointed: list[tuple[str, int, str]] = []

    def released(self, function: str) -> Released:
        return self.known[function]

    def running(self) -> Sequence[str]:
        return self.under_way

    def point(self, function: str, number: int, revision: str) -> None:
        self.pointed.append((function, number, revision))


def test_all_functions_go_back_to_the_versions_before() -> None:
    fake = FakeReleases()

    targets = releases.rollback(fake, {})

    assert fake.pointed == [(function, 2, f"of-{function}") for function in FUNCTIONS]
    assert [(released.function, number) for released, number in targets] == [(name, 2) for name in FUNCTIONS]


def test_a_function_that_the_last_release_did_not_change_stays() -> None:
    fake = FakeReleases()
    fake.known["auth"] = replace(fake.known["auth"], live=Live(2, "older"))

    targets = releases.rollback(fake, {})

    assert [function for function, _, _ in fake.pointed] == ["route", "stream"]
    assert targets[0] == (fake.known["auth"], 2)


def test_versions_of_one_release_are_minutes_apart() -> None:
    fake = FakeReleases()
    versions = [Version(1, HOUR), Version(2, 2 * HOUR), Version(3, 3 * HOUR + 600)]
    fake.known["stream"] = replace(fake.known["stream"], versions=versions)

    releases.rollback(fake, {})

    assert [function for function, _, _ in fake.pointed] == list(FUNCTIONS)


def test_only_functions_that_are_named_are_moved_where_some_are() -> None:
    fake = FakeReleases()

    releases.rollback(fake, {"stream": 1})

    assert fake.pointed == [("stream", 1, "of-stream")]


def test_what_is_live_already_is_not_moved() -> None:
    fake = FakeReleases()

    assert releases.rollback(fake, {"stream": 3}) == [(fake.known["stream"], 3)]
    assert fake.pointed == []


def test_nothing_is_moved_while_a_deployment_runs() -> None:
    fake = FakeReleases()
    fake.under_way = ["d-1"]

    with pytest.raises(RollbackError, match="stop-deployment --auto-rollback-enabled --deployment-id d-1"):
        releases.rollback(fake, {})

    assert fake.pointed == []


def test_nothing_is_moved_while_two_versions_share_the_requests() -> None:
    fake = FakeReleases()
    fake.known["stream"] = replace(fake.known["stream"], live=Live(2, "r", {3: 0.1}))

    with pytest.raises(RollbackError, match="stream is being rolled out"):
        releases.rollback(fake, {})

    assert fake.pointed == []


@pytest.mark.parametrize(("wanted", "told"), [({"auth": 2, "route": 9}, "route has no version 9"), ({}, "before 1")])
def test_nothing_is_moved_where_one_of_the_versions_is_not_there(wanted: dict[str, int], told: str) -> None:
    fake = FakeReleases()
    first = replace(fake.known["stream"], versions=[Version(1, 3 * HOUR)], live=Live(1, "r"))
    fake.known["stream"] = first

    with pytest.raises(RollbackError, match=told):
        releases.rollback(fake, wanted)

    assert fake.pointed == []


def test_shares_of_two_versions_add_up() -> None:
    live = Live(2, "r", {3: 0.1})

    assert [live.share(number) for number in (1, 2, 3)] == [0, 0.9, 0.1]
