"""CheckNoNewAccess and CheckAccessNotGranted: the custom policy checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from passrole.policy.document import UnreadablePolicy
from passrole.services.accessanalyzer.errors import InvalidParameterException, UnprocessableEntityException
from passrole.services.accessanalyzer.inputs import CheckAccessNotGrantedRequest, CheckNoNewAccessRequest
from passrole.services.operation import Output, ServiceCall, operation

if TYPE_CHECKING:
    from passrole.analysis.new_access import CheckResult


@operation("accessanalyzer:CheckNoNewAccess")
def check_no_new_access(call: ServiceCall, given: CheckNoNewAccessRequest) -> Output:
    """Does the new policy allow what the existing one does not?

    Raises InvalidParameterException or UnprocessableEntityException.
    """
    from passrole.analysis import new_access

    return _checked(
        lambda: new_access.check_no_new_access(
            given["existingPolicyDocument"], given["newPolicyDocument"], given["policyType"]
        )
    )


@operation("accessanalyzer:CheckAccessNotGranted")
def check_access_not_granted(call: ServiceCall, given: CheckAccessNotGrantedRequest) -> Output:
    """Does the policy allow none of the actions on none of the resources?

    Raises InvalidParameterException or UnprocessableEntityException.
    """
    from passrole.analysis import new_access

    access = [
        {"actions": tuple(one.get("actions", ())), "resources": tuple(one.get("resources", ()))}
        for one in given["access"]
    ]
    return _checked(
        lambda: new_access.check_access_not_granted(given["policyDocument"], access, given["policyType"])
    )


def _checked(check: Callable[[], CheckResult]) -> Output:
    from passrole.analysis.new_access import CannotTell

    try:
        return check().as_output()
    except UnreadablePolicy as error:
        raise InvalidParameterException(f"The policy document is not valid: {error}") from error
    except CannotTell as error:
        raise UnprocessableEntityException(str(error)) from error
