"""Lambda functions run as child processes of this machine's user: only where ``--run-functions`` allows it.

A child inherits nothing: no environment, no open file, no credentials but its role's. It is ended, with all
that it started, at its timeout and at its end. It is no sandbox: the code can do what this user can do.
Source: Lambda Developer Guide, "Defined runtime environment variables", "Invoke", "Logging".
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import secrets
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import orjson

from passrole.authorize.refusal import Refusal
from passrole.authorize.resources import role_of_arn
from passrole.services.agents import Ports, Told
from passrole.services.functions import LAMBDA, Function, Invocation
from passrole.services.workloads.children import Children, Ended
from passrole.state.entities import SESSION_OF, Role, Session
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)

_HERE: Final = Path(__file__).parent
_MEGABYTE: Final = 1024 * 1024

# What an interpreter needs before any of the function's code is there; Node's heap is bounded by a flag.
_BASE_MEMORY: Final = 128 * _MEGABYTE
_FILES: Final = 512 * _MEGABYTE  # Lambda's ephemeral storage; also of the unpacked code
_AT_ONCE: Final = 50

# Source: metadata of functions; STS sessions of Lambda are as long as an execution environment may live.
_SECONDS: Final = 12 * 3600
_ENOUGH: Final = timedelta(minutes=15)


class CannotAssume(ServiceError):
    """The role's trust policy does not admit Lambda now, or the role is gone."""

    code, status = "AccessDeniedException", 403


class TooManyRequests(ServiceError):
    """More invocations at once than this endpoint runs."""

    code, status = "TooManyRequestsException", 429


class NoSuchRuntime(ServiceError):
    """A runtime that this machine has not."""

    code, status = "NotImplemented", 501


class ProcessRunner:
    """``services.functions.FunctionRunner`` by child processes."""

    # Lambda asks it: nothing is to be heard of.
    watches: Final[Mapping[str, Told]] = {}

    def __init__(self, ports: Ports) -> None:
        self._directory = ports.directory
        self._assume = ports.assume
        self._acting = ports.acting
        self._url = ports.url
        self._now = ports.now
        self._log_time = ports.machine
        self._running = 0
        self._children = Children(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def invoke(self, function: Function, payload: bytes, request_id: str) -> Invocation:
        """See FunctionRunner."""
        command = _command(function)
        if self._running >= _AT_ONCE:
            raise TooManyRequests("Rate Exceeded.")
        self._running += 1
        try:
            session = await self._session(function)
            stream = f"{self._log_time():%Y/%m/%d}/[{function.version}]{secrets.token_hex(16)}"
            ended = await self._run(function, command, session, payload, request_id, stream)
        finally:
            self._running -= 1
        error = ended.answer.get("error")
        failed = isinstance(error, Mapping)
        if isinstance(error, Mapping):
            answer = orjson.dumps({**error, "requestId": request_id})
        else:
            answer = str(ended.answer.get("payload", "null")).encode()
        text = _log(function, request_id, ended)
        await self._write_log(session, function, stream, text)
        return Invocation(answer, failed, text)

    def later(self, function: Function, payload: bytes, request_id: str) -> None:
        """See FunctionRunner."""
        task = asyncio.get_running_loop().create_task(self._later(function, payload, request_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def start(self) -> None:
        """Nothing runs before the first invocation."""

    def reset(self) -> None:
        """What runs has its session taken away with everything else, and ends by its own time limit."""

    async def stop(self) -> None:
        """Ends every function that is running."""
        for task in self._tasks:
            task.cancel()
        await self._children.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _later(self, function: Function, payload: bytes, request_id: str) -> None:
        try:
            await self.invoke(function, payload, request_id)
        except ServiceError as error:
            log.info("%s was not run: %s", function.arn, error)

    async def _session(self, function: Function) -> Session:
        """The role's credentials: those in force, else new ones, for which the trust policy is asked."""
        role = role_of_arn(self._directory, function.role_arn)
        if role is None:
            raise CannotAssume("The role defined for the function cannot be assumed by Lambda.")
        context = {"lambda:SourceFunctionArn": function.arn}
        known = self._in_force(function, role, context)
        if known is not None:
            return known
        taken = await self._assume.assume(
            LAMBDA,
            role,
            session_name=function.name,
            workload=function.arn,
            seconds=_SECONDS,
            region=function.region,
            context=context,
        )
        if isinstance(taken, Refusal):
            raise CannotAssume("The role defined for the function cannot be assumed by Lambda.")
        return taken

    def _in_force(self, function: Function, role: Role, context: Mapping[str, str]) -> Session | None:
        enough = self._now() + _ENOUGH
        return next(
            (
                one
                for one in self._directory.referring(SESSION_OF, function.arn)
                if isinstance(one, Session)
                and one.role_id == role.id
                and one.context == context
                and one.expires >= enough
            ),
            None,
        )

    async def _run(
        self,
        function: Function,
        command: list[str],
        session: Session,
        payload: bytes,
        request_id: str,
        stream: str,
    ) -> Ended:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="passrole-function-"))
        try:
            root = folder / "task"
            await asyncio.to_thread(_unpack, function.code, root)
            given = {
                "event": payload.decode(errors="replace") or "{}",
                "handler": function.handler,
                "root": str(root),
                "result": str(folder / "result"),
                "memory": function.memory * _MEGABYTE + _BASE_MEMORY,
                "seconds": function.timeout,
                "file_size": _FILES,
                "context": {
                    "function_name": function.name,
                    "function_version": function.version,
                    "invoked_function_arn": function.arn,
                    "memory_limit_in_mb": str(function.memory),
                    "aws_request_id": request_id,
                    "log_group_name": _group(function),
                    "log_stream_name": stream,
                },
            }
            environment = self._environment(function, session, root, stream)
            return await self._children.run(
                command,
                environment,
                folder,
                orjson.dumps(given),
                seconds=function.timeout,
                request_id=request_id,
            )
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _environment(self, function: Function, session: Session, root: Path, stream: str) -> dict[str, str]:
        """All that the child has; what the function brings cannot replace what Lambda reserves."""
        return {
            **function.environment,
            "PATH": os.defpath,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "HOME": str(root.parent),
            "TMPDIR": str(root.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAMBDA_TASK_ROOT": str(root),
            "_HANDLER": function.handler,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": _group(function),
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_ENDPOINT_URL": self._url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": session.id,
            "AWS_SECRET_ACCESS_KEY": session.secret,
            "AWS_SESSION_TOKEN": session.token,
        }

    async def _write_log(self, session: Session, function: Function, stream: str, text: str) -> None:
        """To CloudWatch Logs with the role's rights: without them there are no logs, and no error."""
        group = {"logGroupName": _group(function)}
        now = int(self._log_time().timestamp() * 1000)
        events = [{"timestamp": now, "message": f"{line}\n"} for line in text.splitlines()]
        try:
            act = self._acting.with_session(session, LAMBDA, function.region)
            for operation, given in (
                ("CreateLogGroup", group),
                ("CreateLogStream", {**group, "logStreamName": stream}),
            ):
                try:
                    await act.call("logs", operation, given)
                except ServiceError as error:
                    # A role may lack the right to make a group that is there.
                    if operation != "CreateLogGroup":
                        raise
                    log.debug("%s: %s", function.arn, error)
            await act.call("logs", "PutLogEvents", {**group, "logStreamName": stream, "logEvents": events})
        except ServiceError as error:
            log.info("no logs of %s: %s", function.arn, error)


def _group(function: Function) -> str:
    return f"/aws/lambda/{function.name}"


def _command(function: Function) -> list[str]:
    """Raises NoSuchRuntime."""
    if function.runtime.startswith("python"):
        return [sys.executable, "-I", str(_HERE / "python_runtime.py")]
    node = shutil.which("node") if function.runtime.startswith("nodejs") else None
    if node is None:
        raise NoSuchRuntime(f"This endpoint does not run {function.runtime} functions on this machine.")
    return [node, f"--max-old-space-size={function.memory}", str(_HERE / "node_runtime.mjs")]


def _unpack(code: bytes, root: Path) -> None:
    """Raises ServiceError for a zip file that is none, or too large."""
    root.mkdir()
    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            if sum(one.file_size for one in archive.infolist()) > _FILES:
                raise ServiceError(
                    "The unpacked code is too large.", code="InvalidZipFileException", status=502
                )
            archive.extractall(root)  # names that lead out of the folder are kept in it
    except zipfile.BadZipFile as error:
        raise ServiceError(
            "Lambda could not unzip the deployment package.", code="InvalidZipFileException", status=502
        ) from error


def _log(function: Function, request_id: str, ended: Ended) -> str:
    """The run's log. Source: Lambda Developer Guide, "Viewing CloudWatch logs for Lambda functions"."""
    milliseconds = ended.seconds * 1000
    lines = [f"START RequestId: {request_id} Version: {function.version}", *ended.output.splitlines()]
    error = ended.answer.get("error")
    if isinstance(error, Mapping) and error.get("errorType") in ("Sandbox.Timedout", "Runtime.ExitError"):
        lines.append(str(error["errorMessage"]))
    lines += [
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
        f"Billed Duration: {int(milliseconds) + 1} ms\tMemory Size: {function.memory} MB",
    ]
    return "\n".join(lines) + "\n"
