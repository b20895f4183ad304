"""Condition keys that only the call as its caller wrote it answers.

A call is authorized with aliases and names written out (see ``identifiers``); these keys are about the way
that something was named, or have a name of the caller's in their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from passrole.authorize.call import Call
from passrole.authorize.context import Values
from passrole.authorize.request_keys import codebuild, kms
from passrole.authorize.request_keys.several import qualifier

_QUALIFIER: Final = "states:statemachinequalifier"


def keys_as_given(call: Call, action: str) -> Mapping[str, Values]:
    """The keys that one action of the call has; what is not among them is absent."""
    if call.service == "kms":
        return kms.as_given(call, action)
    if call.service == "codebuild":
        return codebuild.as_given(call)
    if call.service == "stepfunctions":
        named = qualifier(call.input)
        return {_QUALIFIER: named} if named else {}
    return {}
