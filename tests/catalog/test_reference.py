"""AWS's published service reference: read, compared with the catalog, laid over it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from passrole.catalog import operations, reference
from passrole.catalog.files import BadCatalogFile
from passrole.catalog.reference import BadReference, Difference

BOTO = {"Package": "Boto3"}


def document(**changes: Any) -> bytes:
    """A small reference of Lambda's: two operations that the catalog knows, one that it lacks."""
    data: dict[str, Any] = {
        "Name": "lambda",
        "Version": "v1.4",
        "Actions": [
            {
                "Name": "CreateFunction",
                "Resources": [{"Name": "function"}],
                "ActionConditionKeys": ["lambda:VpcIds"],
            },
            {
                "Name": "FoldFunction",
                "Resources": [{"Name": "function"}],
                "ActionConditionKeys": ["lambda:Fold"],
            },
            {"Name": "ListFolds"},
        ],
        "Resources": [{"Name": "function", "ARNFormats": ["arn:${Partition}:lambda:…"]}],
        "Operations": [
            {
                "Name": "CreateFunction",
                "AuthorizedActions": [
                    {"Name": "TagResource", "Service": "lambda"},
                    {"Name": "CreateFunction", "Service": "lambda"},
                    {"Name": "GetLayerVersion", "Service": "lambda"},
                    {
                        "Name": "PassRole",
                        "Service": "iam",
                        "Context": {
                            "iam:PassedToService": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]
                        },
                    },
                ],
                "SDK": [
                    {"Name": "lambda", "Method": "create_function", **BOTO},
                    {"Name": "lambda", "Method": "CreateFunction", "Package": "Go"},
                ],
            },
            {
                "Name": "FoldFunction",
                "AuthorizedActions": [
                    {"Name": "FoldFunction", "Service": "lambda"},
                    {"Name": "Decrypt", "Service": "kms"},
                ],
                "SDK": [{"Name": "lambda", "Method": "fold_function", **BOTO}],
            },
            {"Name": "ListFolds", "SDK": [{"Name": "lambda", "Method": "list_folds", **BOTO}]},
        ],
    }
    return orjson.dumps({**data, **changes})


@pytest.fixture
def _bare_catalog() -> Iterator[None]:
    yield
    operations.use_overlay(None)


def test_reads_operations_of_the_sdk() -> None:
    create, fold, folds = reference.read(document())
    assert (create.service, create.operation) == ("lambda", "CreateFunction")
    assert create.actions == ("lambda:CreateFunction", "lambda:GetLayerVersion", "lambda:TagResource")
    assert create.passes
    assert create.passed_to == ("edgelambda.amazonaws.com", "lambda.amazonaws.com")
    assert fold.actions == ("lambda:FoldFunction", "kms:Decrypt")
    assert not fold.passes
    assert folds.actions == ("lambda:ListFolds",)
    assert folds.bare == (True,)


@pytest.mark.parametrize(
    "broken",
    [b"", b"[]", b"{}", b'{"Name": 1}', document(Operations={}), document(Actions=["CreateFunction"])],
)
def test_refuses_what_is_no_reference(broken: bytes) -> None:
    with pytest.raises(BadReference):
        reference.read(broken)


def test_tells_where_they_differ() -> None:
    assert reference.differences(reference.read(document())) == (
        Difference(
            "lambda",
            "CreateFunction",
            "principals",
            ("lambda.amazonaws.com",),
            ("edgelambda.amazonaws.com", "lambda.amazonaws.com"),
        ),
        Difference("lambda", "FoldFunction", "operation", (), ("lambda:FoldFunction", "kms:Decrypt")),
        Difference("lambda", "ListFolds", "operation", (), ("lambda:ListFolds",)),
    )


def test_tells_of_a_pass_that_the_catalog_lacks() -> None:
    row: dict[str, Any] = {
        "Name": "DeleteFunction",
        "AuthorizedActions": [
            {"Name": "DeleteFunction", "Service": "lambda"},
            {"Name": "PassRole", "Service": "iam"},
        ],
        "SDK": [{"Name": "lambda", "Method": "delete_function", **BOTO}],
    }
    found = reference.differences(reference.read(document(Operations=[row])))
    assert found == (Difference("lambda", "DeleteFunction", "passes", (), ()),)


@pytest.mark.usefixtures("_bare_catalog")
def test_lays_it_over_the_catalog() -> None:
    published = reference.read(document())
    laid = reference.overlay(published, source="service reference v1.4", date="2026-11-24")
    assert operations.operation("lambda", "FoldFunction") is None
    operations.use_overlay(laid)

    fold = operations.operation("lambda", "FoldFunction")
    assert fold is not None
    assert [use.action for use in fold.actions] == ["lambda:FoldFunction", "kms:Decrypt"]
    assert fold.actions[0].resources[0].template == ""  # not known, which is not "*"
    assert fold.actions[0].keys == ("lambda:Fold",)
    folds = operations.operation("lambda", "ListFolds")
    assert folds is not None
    assert folds.actions[0].resources == ()
    assert "FoldFunction" in operations.operation_names("lambda")

    create = operations.operation("lambda", "CreateFunction")
    assert create is not None
    assert create.role_parameters[0].principals == ("lambda.amazonaws.com", "edgelambda.amazonaws.com")
    assert create.role_parameters[0].disputed
    assert create.actions[0].resources[0].template  # what the catalog knows stays

    operations.use_overlay(None)
    assert operations.operation("lambda", "FoldFunction") is None


@pytest.mark.usefixtures("_bare_catalog")
def test_an_overlay_needs_source_and_date() -> None:
    with pytest.raises(BadCatalogFile):
        reference.overlay((), source="", date="2026-11-24")
    with pytest.raises(BadCatalogFile):
        operations.use_overlay(b'{"services": {}}')
