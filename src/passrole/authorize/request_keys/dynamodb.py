"""Amazon DynamoDB's keys of whole requests; those of items are in ``items``.

Source: DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control" and "Using IAM
with DynamoDB transactions"; DynamoDB API Reference for the defaults of Select and of what is returned.
"""

from __future__ import annotations

from typing import Final

from passrole.authorize.call import Call
from passrole.authorize.request_keys.source import Keys, Rules, one
from passrole.state.directory import Directory

KEYS: Final[Keys] = {"dynamodb:returnconsumedcapacity": one("ReturnConsumedCapacity", default="NONE")}

_ENCLOSING: Final = frozenset(("ExecuteTransaction", "TransactGetItems", "TransactWriteItems"))
_RETURNING: Final = frozenset(("DeleteItem", "PutItem", "UpdateItem"))
_READING: Final = frozenset(("Query", "Scan"))


def _partiql(call: Call) -> bool:
    return call.operation in ("BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction")


def _enclosing(call: Call, directory: Directory) -> str:
    return call.operation if call.operation in _ENCLOSING else ""


def _returned(call: Call, directory: Directory) -> str | None:
    if _partiql(call):
        return None
    return str(call.input.get("ReturnValues") or "NONE") if call.operation in _RETURNING else ""


def _selected(call: Call, directory: Directory) -> str | None:
    if _partiql(call):
        return None
    if call.operation not in _READING:
        return ""
    given = call.input.get("Select")
    if isinstance(given, str) and given:
        return given
    if call.input.get("ProjectionExpression") or call.input.get("AttributesToGet"):
        return "SPECIFIC_ATTRIBUTES"
    return "ALL_PROJECTED_ATTRIBUTES" if call.input.get("IndexName") else "ALL_ATTRIBUTES"


RULES: Final[Rules] = {
    "dynamodb:enclosingoperation": _enclosing,
    "dynamodb:returnvalues": _returned,
    "dynamodb:select": _selected,
}
