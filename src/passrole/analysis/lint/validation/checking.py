"""Every check of Access Analyzer's that is decided here, over one policy."""

from __future__ import annotations

from typing import Final

from passrole.analysis.lint.validation import (
    actions_and_resources,
    conditions,
    documents,
    form,
    grants_wide,
    principals,
)
from passrole.analysis.lint.validation.subject import Said, Subject

_FORM: Final = "INVALID_PRINCIPAL_FORMAT"


def checked(subject: Subject, text: str = "") -> list[Said]:
    """What is wrong with a policy, from its top to its end.

    text is the whole document, "" where it is part of a file: its size is not looked at then.
    """
    found = [
        *actions_and_resources.check(subject),
        *conditions.check(subject),
        *documents.check(subject, text),
        *grants_wide.check(subject),
        *principals.check(subject),
    ]
    # What has a check of its own is not also of no form.
    told = {one.spots[0] for one in found}
    found += [one for one in form.check(subject) if one.code != _FORM or one.spots[0] not in told]
    kept: dict[tuple[str, object], Said] = {}
    for one in found:
        kept.setdefault((one.code, one.spots), one)
    return sorted(kept.values(), key=lambda one: (one.spots[0], one.code))
