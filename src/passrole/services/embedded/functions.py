"""What Lambda calls need before moto works on them: a role that is there, and no function that is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from passrole.authorize.call import Call, ResourceFacts
from passrole.services.embedded.answers import not_implemented
from passrole.services.embedded.prepared import Prepared
from passrole.state.directory import Directory
from passrole.state.entities import Role
from passrole.values.errors import ServiceError
from passrole.wire.request import Response

INVOCATIONS: Final = frozenset(("Invoke", "InvokeAsync", "InvokeWithResponseStream"))

_WITH_ROLE: Final = frozenset(("CreateFunction", "UpdateFunctionConfiguration"))


class InvalidParameterValueException(ServiceError):
    """Lambda's InvalidParameterValueException."""

    code, status = "InvalidParameterValueException", 400


def prepare(call: Call, directory: Directory, facts: ResourceFacts) -> Prepared:
    """The call as moto gets it. Raises Lambda's error for an execution role that does not exist.

    moto takes a missing role in UpdateFunctionConfiguration, and would leave a new function half made. The
    rule of passing roles asks the trust policy; this stands behind it, also where only a report is asked for.
    """
    role = call.input.get("Role")
    if call.operation in _WITH_ROLE and isinstance(role, str) and role:
        found = directory.get(Role, call.account, role.rsplit("/", 1)[-1])
        if found is None or found.arn != role:
            raise InvalidParameterValueException(
                "The role defined for the function cannot be assumed by Lambda."
            )
    return Prepared(call.input)


def looked_up(call: Call) -> Mapping[str, object]:
    """The input of GetFunctionConfiguration for the function that an invocation names."""
    return {name: call.input[name] for name in ("FunctionName", "Qualifier") if name in call.input}


def invoked(call: Call) -> Response:
    """The answer to an invocation of a function that is there.

    Raises NotImplementedHere, unless it is a dry run: that ends once the caller's right has been checked.
    """
    if call.input.get("InvocationType") == "DryRun":
        return Response(204, (("x-amzn-RequestId", call.request_id),))
    raise not_implemented(
        "lambda",
        call.operation,
        "Functions are not run unless the endpoint is started with --run-functions.",
    )
