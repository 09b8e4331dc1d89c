"""What a key, or an account, has used: as JSON and as CSV."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain.ledger.rows import ROLLUP_COUNTERS, RollupKey
from tests.unit.api.reporting import CALLERS, Service, used


def test_usage_is_that_of_the_key_that_asks() -> None:
    service = used()

    rows = {key: service.get("/api/core/usage", key, group_by="key").json()["data"] for key in CALLERS}

    assert {key: [row["key"] for row in found] for key, found in rows.items()} == {key: [key] for key in CALLERS}
    assert all(row["requests"] == 3 for found in rows.values() for row in found)


def test_usage_tells_sums_of_tokens_and_charges_and_not_what_the_operator_pays() -> None:
    service = used()
    told = service.get("/api/core/usage").json()

    charges = {entry.charge for entry in service.store.entries.values()}
    assert [row["day"] for row in told["data"]] == ["2026-11-22", "2026-11-23", "2026-11-24"]
    assert told["data"][0] | {"charge_omcu": ""} == {
        "day": "2026-11-22",
        "requests": 1,
        "estimated": 0,
        "input_tokens": 10,
        "cached_input_tokens": 2,
        "cache_write_tokens": 1,
        "output_tokens": 20,
        "reasoning_tokens": 5,
        "charge_omcu": "",
    }
    assert [Decimal(told["totals"]["charge_omcu"]) * 10**6] == [3 * charge for charge in charges]
    assert not {"cost", "shortfall", "cost_usd"} & told["totals"].keys()


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"from": "x"}, "from"),
        ({"to": "2026-13-01"}, "to"),
        ({"group_by": "account_id"}, "group_by"),
        ({"format": "xml"}, "format"),
        ({"limit": "-1"}, "limit"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_a_bad_parameter_is_refused_by_its_name(query: dict[str, str], name: str) -> None:
    answer = used().get("/api/core/usage", **query)

    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"].startswith(f"{name} must ")


def test_pages_follow_each_other_by_their_links() -> None:
    service, path, days = used(), "/api/core/usage?limit=1", []
    while path:
        answer = service.ask("GET", path)
        days += [row["day"] for row in answer.json()["data"]]
        assert answer.headers.get("x-openmind-next-cursor") == answer.json()["next_cursor"]
        link = answer.links.get("next", {}).get("url")
        path = f"/api/core/usage{link}" if link else ""

    assert days == ["2026-11-22", "2026-11-23", "2026-11-24"]


def test_the_cursor_of_one_key_is_refused_from_another() -> None:
    service = used()
    cursor = service.get("/api/core/usage", limit="1").json()["next_cursor"]

    assert service.get("/api/core/usage", limit="1", cursor=cursor).status_code == 200
    for key in ("key-2", "key-3"):
        assert service.get("/api/core/usage", key, limit="1", cursor=cursor).status_code == 400


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6) | st.sampled_from(
    ["=1+1", "+x", "-x", "@x", "\tx", "\rx", 'a"b', "a,b", "a\r\nb", "'x", "'=1"]
)


IN_USE = Service()


@given(st.sets(names, max_size=8), st.permutations(["day", "key", "model", "provider"]))
def test_csv_has_what_json_has(models: set[str], group_by: list[str]) -> None:
    service, counts = IN_USE, dict.fromkeys(ROLLUP_COUNTERS, 3)
    keys = [RollupKey("account-1", "2026-11-24", "key-1", "openai", model) for model in models]
    service.store.rollups = dict.fromkeys(keys, counts)
    asked = {"group_by": ",".join(group_by)}

    rows = service.get("/api/core/usage", **asked).json()["data"]
    answer = service.get("/api/core/usage", format="csv", **asked)

    parsed = list(csv.DictReader(io.StringIO(answer.content.decode(), newline=""), strict=True))
    assert answer.headers["content-type"].startswith("text/csv")
    assert [{name: cell.removeprefix("'") for name, cell in row.items()} for row in parsed] == [
        {name: str(value) for name, value in row.items()} for row in rows
    ]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in parsed for cell in row.values())


def test_csv_of_no_usage_is_its_header() -> None:
    answer = Service().get("/api/core/usage", format="csv", group_by="model")

    assert answer.text == (
        "model,requests,estimated,input_tokens,cached_input_tokens,cache_write_tokens,output_tokens,reasoning_tokens,"
        "charge_omcu\r\n"
    )


def test_csv_tells_its_next_page_in_headers() -> None:
    service = used()
    first = service.get("/api/core/usage", format="csv", limit="2")

    second = service.ask("GET", f"/api/core/usage{first.links['next']['url']}")

    assert [line.partition(",")[0] for line in second.text.splitlines()] == ["day", "2026-11-24"]
    assert "x-openmind-next-cursor" in first.headers
    assert "link" not in second.headers
