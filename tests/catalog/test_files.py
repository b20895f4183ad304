"""The data files say where they come from and of which day, and the reader refuses one that does not."""

from __future__ import annotations

import json

import orjson
import pytest

from passrole.catalog import files
from passrole.catalog.files import BadCatalogFile

WHOLE = {"source": ["Service Authorization Reference"], "date": "2026-10-27", "rows": {}}


def test_every_file_is_read() -> None:
    names = files.service_names()
    assert len(names) > 400
    for name in names:
        data = files.service_file(name)
        assert data is not None
        assert data["service"] == name
    tables = sorted(path.stem for path in (files.folder() / files.TABLES).glob("*.json"))
    assert tables == [
        *(
            "actions",
            "deployments",
            "keys",
            "not_role_parameters",
            "passing",
            "service_linked_roles",
            "services",
            "use_cases",
        )
    ]
    for name in tables:
        assert files.table(name)["source"]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"date": "2026-10-27"}, "names no source"),
        ({"source": [], "date": "2026-10-27"}, "names no source"),
        ({"source": "one text", "date": "2026-10-27"}, "names no source"),
        ({"source": [""], "date": "2026-10-27"}, "names no source"),
        ({"source": ["a page"]}, "names no date"),
        ({"source": ["a page"], "date": "yesterday"}, "names no date"),
        ({"source": ["a page"], "date": 20261027}, "names no date"),
    ],
)
def test_a_file_without_source_or_date_is_refused(broken: dict[str, object], why: str) -> None:
    with pytest.raises(BadCatalogFile, match=why):
        files.parse("odd.json", json.dumps(broken).encode())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"text"', b"\xff"])
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(BadCatalogFile):
        files.parse("odd.json", content)


def test_a_whole_file_is_taken() -> None:
    assert files.parse("good.json", orjson.dumps(WHOLE)) == WHOLE


@pytest.mark.parametrize("name", ["", "nosuch", "../pyproject", "tables/keys", ".hidden", "a\\b"])
def test_a_service_that_is_not_there_has_no_file(name: str) -> None:
    assert files.service_file(name) is None


def test_a_missing_table_is_an_error() -> None:
    with pytest.raises(BadCatalogFile, match="missing"):
        files.table("nosuch")
