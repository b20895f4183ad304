"""Who may read metadata: they need no signature, so the request must come from the workload's own machine.

A web page that the user has open could ask too. Browsers say where such a request comes from (Origin,
Sec-Fetch-Site), and a name that was rebound to this address stands in Host.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

from passrole.wire.request import RawRequest

# Names that no public name server can give out. Source: RFC 6761; ICANN, ".internal" for private use.
_PRIVATE_SUFFIXES: Final = (".localhost", ".internal")


@dataclass(frozen=True, slots=True)
class Access:
    """remote lets other machines than this one ask: for an endpoint whose operator opened it to them."""

    remote: bool = False

    def problem(self, raw: RawRequest) -> str:
        """Why the request may not read metadata, in one line; "" where it may."""
        if not self.remote and not _loopback(raw.client):
            return "metadata are read from this machine only"
        if raw.header("origin") is not None or raw.header("sec-fetch-site") not in (None, "none"):
            return "metadata are not for web pages"
        host = raw.header("host") or ""
        if not _own_name(host):
            return f"{host!r} is not a name of this machine"
        return ""


def _loopback(client: str) -> bool:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:  # a UNIX socket's peer has no address
        return client == ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def _own_name(host: str) -> bool:
    """True for an address and for a name that cannot have been rebound by its owner's name server."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        name = name.lower().rstrip(".")
        return bool(name) and ("." not in name or name.endswith(_PRIVATE_SUFFIXES))
    return True
