"""Condition keys of DynamoDB's items: which partition keys a call goes for, and which attributes.

What an expression names counts by its outermost attribute. What a read returns without saying so, an index's
partition key, and PartiQL stay unknown. Source: DynamoDB Developer Guide, "Using IAM policy conditions for
fine-grained access control".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from passrole.authorize.call import Call, ResourceFacts
from passrole.authorize.context import Values
from passrole.authorize.resource_keys import NOTHING, Answers
from passrole.catalog import paths

LEADING: Final = "dynamodb:leadingkeys"
ATTRIBUTES: Final = "dynamodb:attributes"

# Where an operation's requests for one table stand, %s its name. Transactions have a member for each action.
_REQUESTS: Final[Mapping[str, tuple[str, ...]]] = {
    "BatchGetItem": ("RequestItems{%s}",),
    "BatchWriteItem": ("RequestItems{%s}[].PutRequest", "RequestItems{%s}[].DeleteRequest"),
}
_IN_TRANSACTION: Final[Mapping[str, str]] = {
    "dynamodb:ConditionCheckItem": "TransactItems[].ConditionCheck",
    "dynamodb:DeleteItem": "TransactItems[].Delete",
    "dynamodb:GetItem": "TransactItems[].Get",
    "dynamodb:PutItem": "TransactItems[].Put",
    "dynamodb:UpdateItem": "TransactItems[].Update",
}
_TRANSACTIONS: Final = frozenset(("TransactGetItems", "TransactWriteItems"))
_SINGLE: Final = frozenset(("DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"))
_READING: Final = frozenset(("BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"))

_EXPRESSIONS: Final = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
# Parameters of an older form, with attributes for keys.
_BY_ATTRIBUTE: Final = ("AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter")
# A name or its placeholder, not within another attribute and not a value's placeholder.
_NAME: Final = re.compile(r"(?<![.:#\w])(#?\w+)(\s*\()?")
_WORDS: Final = frozenset(("add", "and", "between", "delete", "in", "not", "or", "remove", "set"))


def item_answers(
    call: Call, action: str, keys: Collection[str], arn: str | None, owner: str, facts: ResourceFacts
) -> Answers:
    """What a call tells of these keys (in lower case), for one table."""
    if call.service != "dynamodb":
        return NOTHING
    wanted = frozenset(key for key in keys if key in (LEADING, ATTRIBUTES))
    if not wanted:
        return NOTHING
    requests = None if arn is None else list(_requests(call, action, arn.rpartition("/")[2]))
    if not requests:
        return Answers(unknown=wanted)
    values: dict[str, Values] = {}
    unknown: set[str] = set()
    answered = {
        LEADING: _leading(call, requests, arn or "", owner, facts),
        ATTRIBUTES: _named(call, requests),
    }
    for key in wanted:
        answer = answered[key]
        if answer:
            values[key] = tuple(dict.fromkeys(answer))
        else:
            # An empty list would hold for every ForAllValues.
            unknown.add(key)
    return Answers(values, unknown=frozenset(unknown))


def _requests(call: Call, action: str, table: str) -> Iterator[Mapping[str, object]]:
    """The parts of the input that the action does to that table."""
    if call.operation in _SINGLE:
        yield call.input
        return
    places = _REQUESTS.get(call.operation, ())
    if call.operation in _TRANSACTIONS and action in _IN_TRANSACTION:
        places = (_IN_TRANSACTION[action],)
    names = [table]
    batch = call.input.get("RequestItems")
    if isinstance(batch, Mapping):
        names = [str(name) for name in batch if str(name).rpartition("/")[2] == table]
    for place in places:
        for name in names if "%s" in place else ("",):
            for _, found in paths.values(place.replace("%s", name), call.input):
                if isinstance(found, Mapping) and _is_of(found.get("TableName", table), table):
                    yield found


def _is_of(named: object, table: str) -> bool:
    return isinstance(named, str) and named.rpartition("/")[2] == table


def _items(request: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """The items, or keys of items, that a request has."""
    for path in ("Item", "Key", "Keys[]"):
        for _, found in paths.values(path, request):
            if isinstance(found, Mapping):
                yield found


def _scalar(value: object) -> str | None:
    """A partition key's text; binary has none that AWS tells of."""
    found = (value.get(kind) for kind in ("S", "N")) if isinstance(value, Mapping) else ()
    return next((text for text in found if isinstance(text, str)), None)


def _leading(
    call: Call, requests: list[Mapping[str, object]], arn: str, owner: str, facts: ResourceFacts
) -> list[str] | None:
    if call.operation == "Scan" or call.input.get("IndexName"):
        return None
    schema = (facts.attributes(owner, call.region, arn) or {}).get("KeySchema")
    hashed = [value for _, value in paths.values("[KeyType=HASH].AttributeName", schema)]
    if len(hashed) != 1:
        return None
    name = str(hashed[0])
    found: list[str | None] = []
    for request in requests:
        if call.operation == "Query":
            found.append(_queried(request, name))
        found += [_scalar(item.get(name)) for item in _items(request)]
    texts = [text for text in found if text is not None]
    return texts if len(texts) == len(found) else None


def _queried(request: Mapping[str, object], name: str) -> str | None:
    """The partition key's value in a query: ``name = :value``, or an older condition."""
    older = [value for _, value in paths.values(f"KeyConditions{{{name}}}.AttributeValueList[]", request)]
    if older:
        return _scalar(older[0])
    placeholders = request.get("ExpressionAttributeNames")
    names = {name}
    if isinstance(placeholders, Mapping):
        names |= {str(short) for short, whole in placeholders.items() if whole == name}
    expression = request.get("KeyConditionExpression")
    written = "|".join(re.escape(one) for one in names)
    equal = re.search(rf"(?<![.:#\w])(?:{written})\s*=\s*(:\w+)", str(expression or ""))
    values = request.get("ExpressionAttributeValues")
    return _scalar(values.get(equal[1])) if equal and isinstance(values, Mapping) else None


def _named(call: Call, requests: list[Mapping[str, object]]) -> list[str] | None:
    found: list[str] = []
    for request in requests:
        projected = request.get("ProjectionExpression") or request.get("AttributesToGet")
        if call.operation in _READING and not projected and request.get("Select") != "COUNT":
            return None  # all that the items have
        found += [str(name) for item in _items(request) for name in item]
        found += [str(name) for _, name in paths.values("AttributesToGet[]", request)]
        for member in _BY_ATTRIBUTE:
            found += [str(name) for _, name in paths.values(f"{member}{{@}}", request)]
        placeholders = request.get("ExpressionAttributeNames")
        for member in _EXPRESSIONS:
            for name in _in_expression(request.get(member)):
                whole = placeholders.get(name) if isinstance(placeholders, Mapping) else None
                if name.startswith("#") and whole is None:
                    return None
                found.append(str(whole) if name.startswith("#") else name)
    return found


def _in_expression(expression: object) -> Iterator[str]:
    """The outermost attributes that an expression names.

    >>> list(_in_expression("SET #a.b = :v, total = if_not_exists(total, :zero) REMOVE old[0]"))
    ['#a', 'total', 'total', 'old']
    """
    for match in _NAME.finditer(expression if isinstance(expression, str) else ""):
        name = match[1]
        # Numbers are places in a list; a word before a parenthesis is a function, but for these.
        if not name.isdigit() and name.lower() not in _WORDS and not match[2]:
            yield name
