"""The data files are what tools/build_catalog.py makes of their sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
from tools import build_catalog, models, service_reference

from passrole.catalog import files

SAMPLE: Final = ("iam", "sts", "s3", "lambda", "ecs", "apigateway", "sns", "dynamodb", "keyspaces", "osis")


def test_building_twice_gives_the_same_bytes() -> None:
    assert build_catalog.build(SAMPLE[:4], tables=False) == build_catalog.build(SAMPLE[:4], tables=False)


def test_the_files_are_what_the_builder_makes() -> None:
    """Byte for byte from the same sources; from a newer botocore or reference every operation stays."""
    data = files.service_file("iam")
    assert data is not None
    cited = " ".join(data["source"])
    same = f"botocore {models.VERSION})" in cited and service_reference.source() in cited
    for name, content in build_catalog.build(SAMPLE).items():
        stands = (files.folder() / name).read_text()
        if same:
            assert stands == content, f"{name}: run make catalog"
        elif not name.startswith(files.TABLES):
            assert set(json.loads(stands)["operations"]) <= set(json.loads(content)["operations"])


def test_facts_name_their_source() -> None:
    for path in build_catalog.FACTS.glob("*.yaml"):
        assert build_catalog.facts(path.stem)["source"]


def test_facts_without_a_source_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd.yaml").write_text("date: '2026-11-24'\n")
    monkeypatch.setattr(build_catalog, "FACTS", tmp_path)
    with pytest.raises(ValueError, match="no source"):
        build_catalog.facts("odd")
