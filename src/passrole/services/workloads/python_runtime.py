"""Runs one Python handler once, in a process of its own: ``python -I python_runtime.py``.

Standard input holds one JSON object: event (JSON text), handler, root (the unpacked code), result (the file
to write to), memory (bytes), seconds, file_size (bytes), context. Nothing of passrole is imported here.
"""

import importlib
import json
import os
import resource
import sys
import time
import traceback


class Context:
    """Lambda's context object. Source: Lambda Developer Guide, "Using the Lambda context object"."""

    def __init__(self, given: dict[str, str], seconds: float) -> None:
        self.function_name = given["function_name"]
        self.function_version = given["function_version"]
        self.invoked_function_arn = given["invoked_function_arn"]
        self.memory_limit_in_mb = given["memory_limit_in_mb"]
        self.aws_request_id = given["aws_request_id"]
        self.log_group_name = given["log_group_name"]
        self.log_stream_name = given["log_stream_name"]
        self.identity = None
        self.client_context = None
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout."""
        return max(0, int((self._end - time.monotonic()) * 1000))


def _limit(memory: int, seconds: float, file_size: int) -> None:
    # Private writable memory: an address space limit would count libraries that are only mapped.
    for which, limit in (
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(which)[1]
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(which, (bound, bound))


def _answer(given: dict[str, object]) -> dict[str, object]:
    """{"payload": JSON text}, or AWS's members of an error under "error"."""
    handler = str(given["handler"])
    module, _, name = handler.rpartition(".")
    try:
        function = getattr(importlib.import_module(module.replace("/", ".")), name)
    except ImportError as error:
        return _error("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}")
    except AttributeError:
        return _error("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'")
    except SyntaxError as error:
        return _error("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}")
    context = Context(given["context"], float(given["seconds"]))  # type: ignore[arg-type]  # JSON
    try:
        answer = function(json.loads(str(given["event"])), context)
    except Exception as error:  # noqa: BLE001  # whatever the function raises is its answer
        frames = traceback.format_tb(error.__traceback__)[1:]
        traceback.print_exc()
        return _error(type(error).__name__, str(error), frames)
    try:
        return {"payload": json.dumps(answer)}
    except (TypeError, ValueError) as error:
        return _error("Runtime.MarshalError", f"Unable to marshal response: {error}")


def _error(kind: str, message: str, frames: list[str] | None = None) -> dict[str, object]:
    if frames is None:
        print(f"[ERROR] {kind}: {message}")
    return {"error": {"errorMessage": message, "errorType": kind, "stackTrace": frames or []}}


def main() -> None:
    """The child process."""
    given = json.load(sys.stdin)
    sys.stdin = open(os.devnull, encoding="ascii")  # noqa: SIM115  # for as long as the process lives
    _limit(int(given["memory"]), float(given["seconds"]), int(given["file_size"]))
    sys.path.insert(0, given["root"])
    answer = _answer(given)
    sys.stdout.flush()
    with open(given["result"], "w", encoding="utf-8") as file:
        json.dump(answer, file)


if __name__ == "__main__":
    main()
