"""Condition keys that are tags of the resource, in any spelling."""

from __future__ import annotations

import re
from typing import Final

_TAG: Final = re.compile(r"[\w.-]*:resourcetag(?:/.*)?", re.IGNORECASE | re.DOTALL)
_WORD: Final = re.compile("resourcetag", re.IGNORECASE)
_ACTION: Final = re.compile("passrole", re.IGNORECASE)
_LONGEST: Final = 200


def is_tag(key: str) -> bool:
    """Is it a ResourceTag key: ``aws:ResourceTag/team``, ``IAM:resourcetag/Team``, ``ec2:ResourceTag/…``?

    >>> is_tag("AWS:RESOURCETAG/team"), is_tag("aws:RequestTag/team")
    (True, False)
    """
    return _TAG.fullmatch(key.strip()) is not None


def quoted(text: str) -> str:
    """A text of the policy as a message may quote it; the word for tags stays out of it."""
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return _WORD.sub("…", shown).replace("\x7f", "…")


def unquotable(text: str) -> str:
    """As quoted(), without the name of iam:PassRole: for what is said of statements that do not grant it."""
    return _ACTION.sub("…", quoted(text))
