"""What stands in for a policy that is attached and cannot be read: something that nobody knows.

Whoever has it is then neither allowed nor refused for certain: the engine answers in three values, and the
condition key below is what its answer depends on.
"""

from __future__ import annotations

import json
from typing import Final

# No request ever carries it. ``passrole:Unread/NAME`` is true where the unread policy speaks.
PREFIX: Final = "passrole:Unread/"


def denying(name: str) -> str:
    """In place of an identity-based policy: it may deny. What it may allow is left out."""
    return _document("Deny", name)


def allowing(name: str) -> str:
    """In place of a permissions boundary or a service control policy: it may allow."""
    return _document("Allow", name)


def _document(effect: str, name: str) -> str:
    statement = {
        "Effect": effect,
        "Action": "*",
        "Resource": "*",
        "Condition": {"Bool": {f"{PREFIX}{name}": "true"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
