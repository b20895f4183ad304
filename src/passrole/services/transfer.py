"""What an S3 upload wraps around an object and its headers, taken off: by then it has been verified."""

from __future__ import annotations

import re
from typing import Final

from passrole.authorize.call import Call
from passrole.wire.request import RawRequest

_TRAILER: Final = re.compile(rb"(?:^|\n)(x-amz-checksum-[a-z0-9]+):([A-Za-z0-9+/=]+)\r?(?:\n|$)")


def unwrapped(call: Call) -> dict[str, object]:
    """The input without ``aws-chunked``, which was the body's framing and never the object's encoding."""
    given = dict(call.input)
    encoding = given.get("ContentEncoding")
    if isinstance(encoding, str) and "aws-chunked" in encoding:
        left = [part.strip() for part in encoding.split(",") if part.strip() != "aws-chunked"]
        del given["ContentEncoding"]
        if left:
            given["ContentEncoding"] = ",".join(left)
    # What was sent, frames included; the request that is made of this has a length of its own.
    given.pop("ContentLength", None)
    return given


def trailing_checksum(raw: RawRequest) -> dict[str, str]:
    """The checksum that came behind the body, as the header that it stands for; {} where none did."""
    if raw.header("x-amz-trailer") is None:
        return {}
    found = _TRAILER.search(raw.body[-1024:])
    return {found[1].decode(): found[2].decode()} if found is not None else {}
