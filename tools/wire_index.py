"""Writes src/passrole/wire/data/index.json from the service models of the installed botocore.

python tools/wire_index.py
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from passrole.wire.services import read_index

TARGET = Path(__file__).parents[1] / "src/passrole/wire/data/index.json"


def main() -> None:
    """One service a line, so that a new botocore gives a diff that can be read."""
    index = read_index()
    rows = (msgspec.json.encode(entry).decode() for entry in index.services)
    services = ",\n".join(rows)
    TARGET.write_text(f'{{"botocore": "{index.botocore}", "services": [\n{services}\n]}}\n')


if __name__ == "__main__":
    main()
