"""What a deleted stack leaves behind: what `make destroy` says is left, and nothing else."""

from dev.operate.destroy import FREE, left
from dev.operate.target import Target
from tests.integration.conftest import Template

DATA = {"Table", "KeyPepperSecret", "ProviderKeysSecret", "UsageBucket"}


def _kept(template: Template) -> dict[str, str]:
    kept = {n: r for n, r in template["Resources"].items() if str(r.get("DeletionPolicy", "")).startswith("Retain")}
    return {name: r["Type"] for name, r in kept.items() if r["Type"] not in FREE}


def test_data_are_kept_and_nothing_else(template: Template) -> None:
    assert set(_kept(template)) == DATA


def test_each_of_them_is_deleted_by_a_command(template: Template) -> None:
    lines = list(left(Target("prod", "one", {}), [(kind, name) for name, kind in _kept(template).items()], ""))

    assert [line for line in lines if "by hand" in line] == []
    assert all(any(line.startswith("  aws ") and name in line for line in lines) for name in DATA)


def test_the_table_of_prod_alone_cannot_be_deleted_by_mistake(template: Template) -> None:
    table = template["Resources"]["Table"]["Properties"]

    assert table["DeletionProtectionEnabled"] == {"Fn::If": ["IsProd", True, False]}
