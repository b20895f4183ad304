"""Every input path of the catalog stands in botocore's model of its operation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from tests.catalog.shapes import reaches

from passrole.authorize.identifiers import WRITTEN_OUT
from passrole.catalog import operations, templates
from passrole.catalog.operations import Operation
from passrole.catalog.role_parameters import EMBEDDED, HOLDS, LAUNCH_TEMPLATE

LOADER: Any = botocore.session.get_session().get_component("data_loader")


def known(service: str, name: str) -> Operation:
    found = operations.operation(service, name)
    assert found is not None, f"{service}:{name}"
    return found


def raw_model(service: str) -> Any:
    return LOADER.load_service_model(service, "service-2")


@pytest.fixture(scope="module", params=["a", "b-c", "d-e", "f-k", "l-o", "p-r", "s", "t-z"])
def services(request: pytest.FixtureRequest) -> list[str]:
    """The services by first letter: one test a letter would be too many, one for all too slow to read."""
    return [name for name in operations.services() if re.match(f"[{request.param}]", name)]


def test_every_path_stands_in_its_model(services: list[str]) -> None:
    astray = [text for service in services for text in _astray(service)]
    assert astray == []


def _astray(service: str) -> Iterator[str]:
    model = raw_model(service)
    for name in operations.operation_names(service):
        if name not in model["operations"]:
            continue  # the installed botocore is another than the catalog's
        shape = model["operations"][name].get("input", {}).get("shape", "")

        def stands(path: str, shape: str = shape) -> bool:
            return bool(shape) and bool(reaches(model["shapes"], shape, path))

        operation = known(service, name)
        for parameter in operation.role_parameters:
            kind = reaches(model["shapes"], shape, parameter.path) if shape else ""
            expected = {LAUNCH_TEMPLATE: ("structure",), EMBEDDED: ("string", "blob")}
            if kind not in expected.get(parameter.holds, ("string", "json")):
                yield f"{service}:{name} {parameter.path} is {kind or 'nowhere'}"
            if parameter.when and not stands(re.split("[=~]", parameter.when.lstrip("!"))[0]):
                yield f"{service}:{name} when {parameter.when}"
            for paths in templates.input_paths(parameter.associated_resource):
                if not any(stands(path) for path in paths):
                    yield f"{service}:{name} {parameter.associated_resource}"
        for use in operation.actions:
            when = use.when.split(":", 2)[-1] if use.when.startswith("partiql:") else use.when
            if when and not all(stands(path) for path in when.split("|")):
                yield f"{service}:{name} {use.action} when {use.when}"
            for resource in use.resources:
                for paths in templates.input_paths(resource.template):
                    written = any((service, name, path) in WRITTEN_OUT for path in paths)
                    if not written and not any(stands(path) for path in paths):
                        yield f"{service}:{name} {use.action} {resource.template}"


def test_rows_are_whole(services: list[str]) -> None:
    for service in services:
        for name in operations.operation_names(service):
            operation = known(service, name)
            assert operation.exempt == (not operation.actions), f"{service}:{name}"
            assert operation.access_level in (
                "Read", "List", "Write", "Tagging", "Permissions management",
            )  # fmt: skip
            for parameter in operation.role_parameters:
                assert parameter.holds in HOLDS
                assert parameter.principals
                assert parameter.sources
                assert parameter.trust_checked in ("call", "use")
                assert parameter.disputed == (len(parameter.principals) > 1), f"{service}:{name} {parameter}"
                for principal in (*parameter.principals, *parameter.trust_principals):
                    assert re.fullmatch(r"[a-z0-9.{}-]+\.amazonaws\.com", principal)
                if parameter.trust_checked == "call":
                    assert parameter.trust_error, f"{service}:{name} {parameter.path}"


def test_every_operation_of_botocore_is_there() -> None:
    missing = [
        f"{service}:{name}"
        for service in operations.services()
        for name in raw_model(service)["operations"]
        if operations.operation(service, name) is None
    ]
    # A botocore newer than the catalog's has a few that it cannot know: they stay unknown.
    assert len(missing) <= 500, missing[:20]
