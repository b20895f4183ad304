"""What ``passrole serve`` can be told, by flags or by ``PASSROLE_…`` variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from passrole.values.errors import PassroleError

MAIN_ACCOUNT: Final = "111122223333"
PORT: Final = 4747
TRAIL_KEEP: Final = "90d,2GB"
TRAIL_SECONDS: Final = 5.0
ROOT_KEY_ID: Final = "PASSROLE_ROOT_ACCESS_KEY_ID"
ROOT_SECRET: Final = "PASSROLE_ROOT_SECRET_ACCESS_KEY"


class BadOption(PassroleError):
    """A flag or variable that cannot be followed: said in one line, exit status 2."""


@dataclass(frozen=True, slots=True)
class Options:
    """The settings of one endpoint, checked on the way in. Raises BadOption.

    data is the folder of the durable store, None with ephemeral. root_key is the main account's
    access key id and secret where the operator names them.
    """

    host: str = "127.0.0.1"
    port: int = PORT  # 0: any free one
    data: Path | None = None
    ephemeral: bool = False
    account: str = MAIN_ACCOUNT
    upstream: str = ""
    enforce: str = "all"  # or "report"
    run_functions: bool = False
    testing: bool = False
    trail_keep: str = TRAIL_KEEP
    trail_seconds: float = TRAIL_SECONDS  # between two deliveries of trails
    throttle: bool = False
    imports: tuple[Path, ...] = ()
    root_key: tuple[str, str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise BadOption(f"--port {self.port}: a port is 0 to 65535")
        if re.fullmatch(r"[0-9]{12}", self.account) is None:
            raise BadOption(f"--account {self.account}: an account id has twelve digits")
        if self.enforce not in ("all", "report"):
            raise BadOption(f"--enforce {self.enforce}: it is all or report")
        if not 0.05 <= self.trail_seconds <= 3600:
            raise BadOption(f"--trail-seconds {self.trail_seconds}: it is 0.05 to 3600")
        if self.ephemeral and self.data is not None:
            raise BadOption("--ephemeral keeps nothing, --data keeps everything: give one of them")
        if self.upstream and not self.upstream.startswith(("http://", "https://")):
            raise BadOption(f"--upstream {self.upstream}: it takes an http:// or https:// URL")

    @property
    def folder(self) -> Path:
        """Where state is kept unless the endpoint is ephemeral."""
        return self.data if self.data is not None else default_folder()


def default_folder() -> Path:
    """``~/.passrole``."""
    return Path.home() / ".passrole"


def root_key_of(environment: Mapping[str, str]) -> tuple[str, str] | None:
    """The root key that the environment names, None where it names none.

    Raises BadOption where only half of it is there or it cannot be one.
    """
    key_id, secret = environment.get(ROOT_KEY_ID, ""), environment.get(ROOT_SECRET, "")
    if not key_id and not secret:
        return None
    if not key_id or not secret:
        raise BadOption(f"{ROOT_KEY_ID} and {ROOT_SECRET} go together: set both or neither")
    # Source: IAM API Reference, AccessKey: 16 to 128 word characters.
    if re.fullmatch(r"\w{16,128}", key_id, re.ASCII) is None:
        raise BadOption(f"{ROOT_KEY_ID}: an access key id has 16 to 128 letters, digits and _")
    return key_id, secret
