"""``passrole export``: an account's details as AWS prints them, as --details and serve --import read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote

import orjson

from passrole.analysis.live import CannotRead
from passrole.analysis.sources import Source
from passrole.values.errors import ServiceError

_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
# Members that IAM gives percent-encoded and AWS's own command line prints as JSON.
_DOCUMENTS = frozenset(("AssumeRolePolicyDocument", "PolicyDocument", "Document"))


def export(source: Source) -> bytes:
    """Every page of GetAccountAuthorizationDetails as one JSON object, documents decoded.

    Raises NoSource, NoCredentials, NotReached or CannotRead.
    """
    whole: dict[str, list[object]] = {name: [] for name in _LISTS}
    with source.client() as client:
        try:
            for page in client.pages(
                "iam", "GetAccountAuthorizationDetails", {"MaxItems": 1000}, token="Marker"
            ):
                for name in _LISTS:
                    found = page.get(name)
                    if isinstance(found, list):
                        whole[name] += found
        except ServiceError as error:
            raise CannotRead(f"the account cannot be read: {error}") from error
    return orjson.dumps(_decoded(whole, ""), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _decoded(value: object, name: str) -> object:
    if isinstance(value, Mapping):
        return {key: _decoded(item, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_decoded(item, name) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if name in _DOCUMENTS and isinstance(value, str):
        return orjson.loads(unquote(value))
    return value
