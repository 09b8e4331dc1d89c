"""What is deployed: hash-checked, known by name and version, under licences that allow it."""

import json
import re
import tomllib
from email.message import Message
from importlib.metadata import PackageMetadata
from pathlib import Path
from typing import Any, cast

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from dev import deployed, licences, sbom
from openmind_llm.storage.wire.service import DYNAMODB, SECRETS_MANAGER

ROOT = Path(__file__).parents[3]
RECIPE = (ROOT / "layers" / "packages.mk").read_text()
SERVICES = (ROOT / "layers" / "management" / "services.txt").read_text().split()


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    return sbom.bill()


def test_layers_are_installed_by_hashes_from_wheels_alone() -> None:
    """A package whose bytes are not those of uv.lock stops the build, and none runs a setup of its own."""
    (install,) = re.findall(r"\t\$\(UV\) pip install (?:.*\\\n)*.*", RECIPE)

    assert "--require-hashes" in install
    assert "--only-binary :all:" in install


def test_every_requirement_has_a_version_and_a_hash() -> None:
    requirements = deployed.exported("requirements.txt").replace("\\\n", " ").splitlines()
    packages = [line for line in requirements if line.strip() and not line.lstrip().startswith("#")]

    assert len(packages) > 20
    assert [line for line in packages if "==" not in line or "--hash=sha256:" not in line] == []


def test_the_layers_are_made_of_what_is_audited() -> None:
    """Each package in one of them."""
    layers = [deployed.packages(layer) for layer in deployed.LAYERS]

    assert set.union(*layers) == deployed.packages()
    assert sum(map(len, layers)) == len(deployed.packages())


@pytest.mark.parametrize("group", deployed.GROUPS.values())
def test_what_a_layer_is_to_have_is_a_dependency_of_the_package(group: str) -> None:
    """Where its version stands."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = {re.split(r"[=\[]", one)[0] for one in project["project"]["dependencies"]}

    assert set(project["dependency-groups"][group]) <= named


def test_the_layer_keeps_the_services_that_the_package_asks() -> None:
    """And no others: see layers/packages.mk. Those of the lean client are asked by boto3 where that cannot."""
    sources = [*(ROOT / "layers" / "core").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    asked = {name for path in sources for name in re.findall(r"client\(\s*\"([a-z0-9-]+)\"", path.read_text())}

    assert sorted(asked | {DYNAMODB.name, SECRETS_MANAGER.name}) == SERVICES


def test_the_bill_of_materials_is_valid(bill: dict[str, Any]) -> None:
    """By the schema of CycloneDX 1.5."""
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(json.dumps(bill)) is None


def test_every_component_has_its_address_its_hashes_and_its_licence(bill: dict[str, Any]) -> None:
    components = bill["components"]

    assert {"boto3", "cryptography", "fastapi"} <= {one["name"] for one in components}
    assert [one["name"] for one in components if one["purl"] != f"pkg:pypi/{one['name']}@{one['version']}"] == []
    for one in components:
        hashes = [hashed for file in one["externalReferences"] for hashed in file["hashes"]]
        assert {hashed["alg"] for hashed in hashes} == {"SHA-256"}
        assert len(one["licenses"]) == 1


def test_the_bill_of_materials_changes_with_the_lock_file_alone(bill: dict[str, Any]) -> None:
    """A layer with the time of day in it would be deployed anew each time."""
    assert sbom.bill() == bill
    assert "timestamp" not in bill["metadata"]


def test_every_deployed_package_may_be_deployed(capsys: pytest.CaptureFixture[str]) -> None:
    code = licences.main()

    assert code == 0, capsys.readouterr().out


def test_a_package_that_may_not_be_deployed_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(licences, "licence", lambda of: "AGPL-3.0" if of["Name"] == "boto3" else "MIT")

    code = licences.main()

    refused = [line for line in capsys.readouterr().out.splitlines() if "may not be deployed" in line]
    assert (code, len(refused)) == (1, 1)
    assert refused[0].startswith("boto3 ")


@pytest.mark.parametrize(
    ("told", "is_refused"),
    [
        ("MIT", False),
        ("Apache-2.0 OR BSD-3-Clause", False),
        ("MPL-2.0", False),
        ("LGPL-3.0-or-later", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("GPL-3.0-only", True),
        ("AGPL-3.0-or-later", True),
        ("GNU General Public License v2 (GPLv2)", True),
        ("GNU Affero General Public License v3", True),
        ("", True),
    ],
)
def test_copyleft_and_silence_are_refused(told: str, is_refused: bool) -> None:
    assert licences.is_refused(told) is is_refused


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ([("License-Expression", "MIT"), ("License", "other")], "MIT"),
        ([("License", "MIT"), ("Classifier", "License :: OSI Approved :: MIT License")], "MIT License"),
        ([("License", "Apache-2.0"), ("Classifier", "License :: OSI Approved")], "Apache-2.0"),
        ([("License", "Permission is hereby granted, free of charge, to any person obtaining a copy")], ""),
        ([("Classifier", "Programming Language :: Python :: 3")], ""),
    ],
)
def test_a_licence_is_what_the_metadata_name_it(fields: list[tuple[str, str]], licence: str) -> None:
    metadata = Message()
    for name, value in fields:
        metadata[name] = value

    assert licences.licence(cast("PackageMetadata", metadata)) == licence
