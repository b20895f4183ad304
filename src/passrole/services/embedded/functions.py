"""What Lambda calls need before moto works on them: a role that is there; and the functions that are run."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

import orjson

from passrole.authorize.call import Call, ResourceFacts
from passrole.authorize.resources import role_of_arn
from passrole.services.backend import not_implemented
from passrole.services.embedded.associations import EXECUTES
from passrole.services.embedded.prepared import Prepared
from passrole.services.embedded.tables import backend
from passrole.services.functions import LAMBDA, Function, FunctionRunner
from passrole.state.associations import release
from passrole.state.directory import Directory
from passrole.state.entities import Association, Role
from passrole.state.sessions import end_sessions
from passrole.values.errors import ServiceError
from passrole.wire.protocols import write
from passrole.wire.request import Response

INVOCATIONS: Final = frozenset(("Invoke", "InvokeAsync", "InvokeWithResponseStream"))

_WITH_ROLE: Final = frozenset(("CreateFunction", "UpdateFunctionConfiguration"))


# Of a run's log, what LogType=Tail shows. Source: Lambda API Reference, Invoke.
_LOG_TAIL: Final = 4096


class InvalidRequestContent(ServiceError):
    """A payload that is no JSON."""

    code, status = "InvalidRequestContentException", 400


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


def function_of(call: Call, arn: str) -> Function | None:
    """The function that an invocation names, from moto's tables; None where it is no zip file."""
    qualifier = call.input.get("Qualifier")
    return function_at(call.account, call.region, arn, qualifier if isinstance(qualifier, str) else None)


def function_at(account: str, region: str, arn: str, qualifier: str | None = None) -> Function | None:
    """As function_of. Raises moto's own error where there is no such function."""
    kept = backend("awslambda", account, region)
    found: Any = kept.get_function(arn, qualifier)
    found = getattr(found, "_function", found)  # behind an alias
    if found.package_type != "Zip" or not found.code_bytes:
        return None
    return Function(
        arn=":".join(str(found.function_arn).split(":")[:7]),
        name=str(found.function_name),
        version=str(found.version),
        account=account,
        region=region,
        role_arn=str(found.role),
        runtime=str(found.run_time or ""),
        handler=str(found.handler or ""),
        code=bytes(found.code_bytes),
        timeout=int(found.timeout),
        memory=int(found.memory_size),
        environment={str(name): str(value) for name, value in (found.environment_vars or {}).items()},
    )


async def invoke(call: Call, arn: str, runner: FunctionRunner | None) -> Response:
    """The answer to an invocation of the function of that ARN, which is there.

    A dry run ends once the caller's right has been checked. Raises NotImplementedHere where functions are
    not run, and Lambda's error for one that cannot be started.
    """
    kind = call.input.get("InvocationType") or "RequestResponse"
    if kind == "DryRun":
        return Response(204, (("x-amzn-RequestId", call.request_id),))
    if runner is None:
        raise not_implemented(
            "lambda",
            call.operation,
            "Functions are not run unless the endpoint is started with --run-functions.",
        )
    if call.operation == "InvokeWithResponseStream":
        raise not_implemented("lambda", call.operation, "Functions are run by Invoke and InvokeAsync.")
    function = function_of(call, arn)
    if function is None:
        raise not_implemented("lambda", call.operation, "Only functions deployed as zip files are run.")
    payload = _payload(call)
    if call.operation == "InvokeAsync" or kind == "Event":
        runner.later(function, payload, call.request_id)
        status = "Status" if call.operation == "InvokeAsync" else "StatusCode"
        return _written(call, {status: 202})
    ended = await runner.invoke(function, payload, call.request_id)
    output: dict[str, object] = {
        "StatusCode": 200,
        "ExecutedVersion": function.version,
        "Payload": ended.payload,
    }
    if ended.failed:
        output["FunctionError"] = "Unhandled"
    if call.input.get("LogType") == "Tail":
        output["LogResult"] = b64encode(ended.log.encode()[-_LOG_TAIL:]).decode()
    return _written(call, output)


def _written(call: Call, output: Mapping[str, object]) -> Response:
    return write("lambda", call.operation, call.protocol, output, call.request_id)


def _payload(call: Call) -> bytes:
    """The event: JSON, "{}" where none is given. Raises InvalidRequestContent for another text."""
    given = call.input.get("InvokeArgs" if call.operation == "InvokeAsync" else "Payload")
    payload = given.encode() if isinstance(given, str) else given
    if not isinstance(payload, bytes) or not payload:
        return b"{}"
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise InvalidRequestContent(f"Could not parse request body into json: {error}") from error
    return payload


def settle(directory: Directory, call: Call, output: Mapping[str, object]) -> None:
    """After a call that succeeded: which role the function holds, in the directory's transaction."""
    if call.operation == "DeleteFunction":
        if not call.input.get("Qualifier"):
            name = str(call.input["FunctionName"]).rsplit(":", 1)[-1]
            arn = f"arn:aws:lambda:{call.region}:{call.account}:function:{name}"
            release(directory, arn)
            end_sessions(directory, arn)
        return
    made, role_arn = output.get("FunctionArn"), output.get("Role")
    if call.operation not in _WITH_ROLE or not isinstance(made, str) or not isinstance(role_arn, str):
        return
    role = role_of_arn(directory, role_arn)
    directory.put(
        Association(
            account=call.account,
            resource=":".join(made.split(":")[:7]),
            holder=EXECUTES,
            role_id=role.id if role is not None else "",
            service=LAMBDA,
            created=call.now,
        )
    )
