"""SQS's long polls: ReceiveMessage waits up to 20 seconds for a message."""

from __future__ import annotations

from typing import Final

import orjson

from passrole.authorize.call import Call, ResourceFacts
from passrole.wire.request import Response

PAUSE: Final = 0.05  # seconds between two looks at a queue


def waits(call: Call) -> bool:
    """May this call wait for something to arrive?"""
    return call.service == "sqs" and call.operation == "ReceiveMessage" and _asked(call) != 0


def _asked(call: Call) -> object:
    return call.input.get("WaitTimeSeconds")


def seconds(call: Call, facts: ResourceFacts) -> float:
    """How long to wait: what the call says, else what its queue says.

    Source: SQS API Reference, ReceiveMessage, WaitTimeSeconds.
    """
    asked = _asked(call)
    if isinstance(asked, int):
        return min(asked, 20)
    url = str(call.input.get("QueueUrl") or "")
    arn = f"arn:aws:sqs:{call.region}:{call.account}:{url.rpartition('/')[2]}"
    own = (facts.attributes(call.account, call.region, arn) or {}).get("ReceiveMessageWaitTimeSeconds")
    return min(own, 20) if isinstance(own, int) else 0


def empty(answer: Response) -> bool:
    """Is this a success without a message?"""
    if answer.status != 200:
        return False
    if answer.body.startswith(b"<"):
        return b"<Message>" not in answer.body
    return not orjson.loads(answer.body or b"{}").get("Messages")
