"""Where metadata stand on the endpoint, and the headers of the instance metadata service."""

from __future__ import annotations

from typing import Final

IMDS: Final = "/_passrole/imds"  # /INSTANCE-ID/latest/…
CONTAINERS: Final = "/_passrole/containers"  # /WORKLOAD/credentials

TOKEN: Final = "x-aws-ec2-metadata-token"
TOKEN_SECONDS: Final = "x-aws-ec2-metadata-token-ttl-seconds"
