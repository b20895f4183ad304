"""State machines run by moto's interpreter, whose calls go through the gateway with the machine's role.

moto's interpreter of the Amazon States Language calls other services by boto3 clients, all made by one
function. In its place stands one whose clients call through a port: each call is authorized for the role,
taken by states.amazonaws.com for the state machine, and recorded.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final, NoReturn
from uuid import uuid4

from passrole.services.spelled import service_named, spelled, upper_camel
from passrole.services.targets import MachineCalls, RunningMachine
from passrole.values.errors import ServiceError
from passrole.wire import models
from passrole.wire.services import index

log = logging.getLogger(__name__)

_ASL: Final = "moto.stepfunctions.parser.asl"
_SDK: Final = f"{_ASL}.component.state.exec.state_task.service.state_task_service_aws_sdk"

_LONGEST: Final = 300  # characters of what the parser says: it lists every word that it knows

_JSONATA: Final = re.compile(r'"QueryLanguage"\s*:\s*"JSONata"')

# What boto3 hands out as a file, by (service, operation).
_STREAMED: Final = {("lambda", "Invoke"): "Payload", ("s3", "GetObject"): "Body"}


class _Port:
    """Who makes the calls of executions; None where nobody does."""

    calls: MachineCalls | None = None


def connect(calls: MachineCalls | None) -> None:
    """Executions call through calls from now on."""
    _Port.calls = calls


class NotConnected(ServiceError):
    """Executions run only where the endpoint's agent makes their calls."""

    code, status = "NotImplemented", 501


class NoJsonata(ServiceError):
    """A query language that moto evaluates on a Java machine only."""

    code, status = "NotImplemented", 501


class InvalidDefinition(ServiceError):
    """A definition that is not in the Amazon States Language."""

    code, status = "InvalidDefinition", 400


def interpreted(models: ModuleType) -> None:
    """``stepfunctions.models``: a backend's first execution loads moto's interpreter, which takes seconds."""
    plain: Any = models.StepFunctionBackend

    def start(self: Any, *given: object, **named: object) -> object:
        if _Port.calls is None:
            raise NotConnected("State machines are not run here.")
        self.__class__ = _interpreting(plain)
        return self.start_execution(*given, **named)

    def history(self: Any, *given: object, **named: object) -> object:
        # Executions of an earlier run are back, in a plain backend.
        self.__class__ = _interpreting(plain)
        return self.get_execution_history(*given, **named)

    plain.start_execution = start
    plain.get_execution_history = history


@lru_cache(maxsize=1)
def _interpreting(plain: Any) -> Any:
    """moto's backend that interprets. It looks definitions over as an execution starts, not when they come:
    the plain one cannot, and a machine's fate must not depend on which of them it met.
    """
    parser: Any = import_module("moto.stepfunctions.parser.models").StepFunctionsParserBackend
    invalid: Any = import_module("moto.stepfunctions.parser.api").InvalidDefinition
    started = parser.start_execution

    def start(
        self: Any, state_machine_arn: str, name: str | None = None, *given: object, **named: object
    ) -> object:
        definition = self.describe_state_machine(state_machine_arn).definition
        if _JSONATA.search(definition):
            raise NoJsonata("JSONata is not evaluated here; JSONPath is.")
        try:
            parser._validate_definition(definition)
        except invalid as error:  # moto's answer would have no code
            text = str(getattr(error, "message", "") or error)[:_LONGEST]
            raise InvalidDefinition(f"Invalid State Machine Definition: '{text}'") from error
        return started(self, state_machine_arn, name or str(uuid4()), *given, **named)

    parser.start_execution = start
    for name in ("create_state_machine", "update_state_machine"):
        setattr(parser, name, getattr(plain, name))
    return parser


def gateway_clients(module: ModuleType) -> None:
    """``asl.utils.boto_client``: before any module of the interpreter has taken its function over."""

    def client_for(region: str, service: str, state_credentials: Any = None) -> _Client:
        return _Client(service, region, state_credentials)

    vars(module)["boto_client_for"] = client_for


def known_callers(module: ModuleType) -> None:
    """``state_task.state_task``: credentials say which machine they are used for."""
    task: Any = module.StateTask
    evaluated: Callable[[Any, Any], Any] = task._eval_state_credentials

    def credentials(self: Any, env: Any) -> Any:
        found = evaluated(self, env)
        context = env.states.context_object.context_object_data
        own, named = str(env.aws_execution_details.role_arn), str(found.role_arn)
        found.passrole = RunningMachine(
            machine=str(context["StateMachine"]["Id"]),
            execution=str(context["Execution"]["Id"]),
            account=str(env.aws_execution_details.account),
            region=str(env.aws_execution_details.region),
            role_arn=own,
            task_role=named if named != own else "",
        )
        return found

    task._eval_state_credentials = credentials


def shown_outputs(module: ModuleType) -> None:
    """``state_task_service``: outputs are shown as states show them; moto leaves them as they come."""

    def shown(
        self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        service = service_named(str(self._get_boto_service_name(boto_service_name)))
        method = str(self._get_boto_service_action(service_action_name))
        operation = _operations(service).get(method.replace("_", "").lower())
        shape = models.service(service).operation(operation).output if operation is not None else None
        if shape is None or not isinstance(response, dict):
            return
        written = upper_camel(shape, response)
        if isinstance(written, Mapping):
            response.clear()
            response.update(written)

    task: Any = module.StateTaskService
    task._normalise_response = shown


class _Client:
    """What the interpreter uses of a boto3 client: its methods."""

    def __init__(self, service: str, region: str, credentials: Any) -> None:
        self._service = service_named(service)
        self._region = region
        self._running: RunningMachine | None = getattr(credentials, "passrole", None)

    def __getattr__(self, name: str) -> Callable[..., Mapping[str, object]]:
        operation = _operations(self._service).get(name.replace("_", "").lower())
        if operation is None:
            raise AttributeError(name)

        def call(**given: object) -> Mapping[str, object]:
            return self._call(operation, given)

        return call

    def _call(self, operation: str, given: Mapping[str, object]) -> Mapping[str, object]:
        calls, running = _Port.calls, self._running
        if calls is None or running is None:
            _raise(self._service, operation, NotConnected("The execution is not run by this endpoint."))
        try:
            shape = models.service(self._service).operation(operation).input
            fitted = spelled(shape, given) if shape is not None else {}
            if not isinstance(fitted, Mapping):
                raise TypeError(operation)
            answer = dict(calls.call(running, self._region, self._service, operation, fitted))
        except ServiceError as error:
            _raise(self._service, operation, error)
        streamed = _STREAMED.get((self._service, operation))
        if streamed is not None:
            body = answer.get(streamed)
            answer[streamed] = io.BytesIO(body if isinstance(body, bytes) else str(body or "").encode())
        answer["ResponseMetadata"] = {"HTTPStatusCode": 200, "RequestId": "", "HTTPHeaders": {}}
        return answer


@lru_cache(maxsize=256)
def _operations(service: str) -> Mapping[str, str]:
    """By its name in lower case, each operation; none of a service that is not known."""
    if service not in index():
        return {}
    return {name.lower(): name for name in models.service(service).operations}


def _raise(service: str, operation: str, error: ServiceError) -> NoReturn:
    """As boto3 does: an exception of the error's own name where the service's model has one."""
    plain: Any = import_module(_SDK).ClientError
    shape = models.service(service).errors.get(error.code)
    kind = type(shape.name, (plain,), {}) if shape is not None else plain
    response = {
        "Error": {"Code": error.code, "Message": error.message},
        "ResponseMetadata": {"HTTPStatusCode": error.status, "RequestId": "", "HTTPHeaders": {}},
    }
    raise kind(response, operation)
