"""ValidatePolicy: what is wrong with a policy, by the same rules as ``passrole lint``."""

from __future__ import annotations

from typing import Final

from passrole.services.accessanalyzer.errors import ValidationException
from passrole.services.accessanalyzer.inputs import ValidatePolicyRequest
from passrole.services.operation import Output, ServiceCall, operation

_PAGE: Final = 100  # findings on a page where the caller does not say


@operation("accessanalyzer:ValidatePolicy")
def validate_policy(call: ServiceCall, given: ValidatePolicyRequest) -> Output:
    """The findings of AWS's checks but for those that a policy alone does not decide (docs/lint.md).

    nextToken is the number of findings that were shown. Raises ValidationException for another.
    """
    # The rules are read when they are first asked for, not by every endpoint at its start.
    from passrole.analysis.lint.validating import validate_policy as validated

    found = validated(
        given["policyDocument"], given["policyType"], given.get("validatePolicyResourceType", "")
    )
    token = given.get("nextToken", "0")
    if not token.isdecimal() or int(token) > len(found):
        raise ValidationException("Invalid nextToken")
    first = int(token)
    last = first + (given.get("maxResults") or _PAGE)
    page: dict[str, object] = {"findings": found[first:last]}
    return page | ({"nextToken": str(last)} if last < len(found) else {})
