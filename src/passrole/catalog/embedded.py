"""Roles that stand in a text of another form: an OpenAPI body, a pipeline's YAML, a conformance pack.

Only the service reads such a text in full. Here every ARN of a role that is written out in it counts, except
where a policy inside the text names a principal or a resource; a role that is put together by the service
(``!Sub``, a parameter) is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import orjson

# An ARN of a role, or a word that is a key in JSON or YAML.
_TOKEN: Final = re.compile(
    r"""(?P<arn>arn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@/-]+)|(?P<key>[\w:.-]*\w)["']?\s*:(?=[\s"'\[{])""",
    re.ASCII,
)
# What in an OpenAPI body is not handed to the service: policies, as resource policies of the API are.
_OF_POLICIES: Final = frozenset(("aws", "resource", "notresource", "aws:principalarn", "aws:sourcearn"))


def role_arns(text: str) -> Iterator[str]:
    """Every role that the text names by its ARN, each once, in order.

    >>> list(role_arns('{"sts_role_arn": "arn:aws:iam::111122223333:role/Pipeline"}'))
    ['arn:aws:iam::111122223333:role/Pipeline']
    """
    seen: set[str] = set()
    key = ""
    for found in _TOKEN.finditer(_plain(text)):
        if found["key"]:
            key = found["key"].lower()
        elif key not in _OF_POLICIES:
            arn = found["arn"].rstrip(",")  # in a name as well as between the items of a YAML list
            if arn not in seen:
                seen.add(arn)
                yield arn


def _plain(text: str) -> str:
    """JSON without its escapes, in which an ARN could hide; any other text as it is."""
    try:
        return orjson.dumps(orjson.loads(text)).decode()
    except orjson.JSONDecodeError:
        return text
