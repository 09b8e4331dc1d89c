"""The simulation of a load of many streams, and the number of cells that it needs."""

from itertools import islice

import pytest

from dev.cost import data as cost_data
from dev.scale import cells, data
from dev.scale.simulation import Scaling, Second, Stream, calm_after, needed, played, steepest

STREAM = Stream(busy_s=20, init_s=0)
LAMBDA = Scaling(burst=1000, refill_s=100, quota=10**6)


def first(number: int, requests_s: int, stream: Stream = STREAM, scaling: Scaling = LAMBDA) -> list[Second]:
    return list(islice(played(requests_s, stream, scaling), number))


def test_a_load_below_the_burst_is_served_from_the_first_second() -> None:
    seconds = first(100, 50)

    assert {second.throttled for second in seconds} == {0}
    assert seconds[-1].environments == 50 * 20


def test_environments_are_rate_by_duration_once_it_is_warm() -> None:
    seconds = first(600, 1000)

    assert seconds[-1] == Second(environments=needed(1000, STREAM), new=0, served=1000, throttled=0)


def test_a_jump_is_served_by_the_burst_and_then_by_its_refill() -> None:
    seconds = first(3, 1500)

    assert [(one.new, one.throttled) for one in seconds] == [(1000, 500), (100, 1400), (100, 1400)]


def test_what_is_left_of_the_burst_does_not_pile_up() -> None:
    """An hour of quiet gives no more than the burst."""
    seconds = first(2000, 1, scaling=Scaling(burst=5, refill_s=3, quota=100))

    assert max(second.new for second in seconds) == 1
    assert first(1, 100, scaling=Scaling(burst=5, refill_s=3, quota=100))[0].served == 5


def test_nothing_grows_beyond_the_quota() -> None:
    seconds = first(600, 100, scaling=Scaling(burst=1000, refill_s=100, quota=300))

    assert max(second.environments for second in seconds) == 300
    assert calm_after(seconds) is None


def test_an_environment_is_used_again_when_its_stream_has_ended() -> None:
    seconds = first(25, 10)

    assert [second.new for second in seconds] == [10] * 20 + [0] * 5


def test_a_new_environment_is_held_for_its_start_as_well() -> None:
    seconds = first(25, 10, Stream(busy_s=20, init_s=1.5))

    assert [second.new for second in seconds] == [10] * 22 + [0] * 3


def test_every_request_is_served_or_throttled() -> None:
    assert {second.served + second.throttled for second in first(300, 777)} == {777}


def test_it_is_calm_after_the_last_throttled_request() -> None:
    quiet, throttled = Second(1, 0, 1, 0), Second(1, 0, 0, 1)

    assert calm_after([quiet, throttled, quiet]) == 2
    assert calm_after([quiet]) == 0
    assert calm_after([quiet, throttled]) is None


def test_a_load_that_grows_by_no_more_than_the_refill_serves_is_not_throttled() -> None:
    """100 new environments a second, each held for 20 s."""
    assert steepest(STREAM, LAMBDA) == 5


def test_there_are_as_many_cells_as_the_scarcest_quota_asks_for() -> None:
    given = data.load()
    bounds = cells.bounds(given, cost_data.load(), STREAM, raised=False)

    assert {bound.what: bound.cells for bound in bounds}["environments of `stream`"] == 200
    assert all(bound.asked <= bound.cells * bound.of_a_cell for bound in bounds)


def test_units_of_a_request_are_those_that_are_counted() -> None:
    """By tests/integration/ledger/test_costs.py, where the figures of the cost come from."""
    assert cells.written(data.load()) == cost_data.load().found["write_units"]


@pytest.mark.parametrize(("item", "requests_s"), [("account", 250), ("row", 250), ("rollup", 500), ("index", 8000)])
def test_an_item_takes_what_its_partition_takes(item: str, requests_s: float) -> None:
    assert cells.of_an_item(data.load())[item] == requests_s
