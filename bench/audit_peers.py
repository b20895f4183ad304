"""What an audit could be made of instead: DuckDB's reader of JSON, and every record parsed by orjson.

    python bench/audit_peers.py duckdb|orjson FOLDER PROCESSES

Each finds, of the three operations that the benchmark's trail has, how often which principal passed which
role, and prints that as JSON.
"""

from __future__ import annotations

import gzip
import json
import multiprocessing
import sys
from collections import Counter
from pathlib import Path

QUERY = """
with record as (
    select unnest(Records) as r from read_json('{folder}/*.json.gz', columns = {{Records: 'JSON[]'}},
        maximum_object_size = 64000000)
), call as (
    select r ->> '$.userIdentity.sessionContext.sessionIssuer.arn' as principal,
        r ->> '$.eventName' as name,
        coalesce(r ->> '$.requestParameters.role', r ->> '$.requestParameters.roleArn',
            'arn:aws:iam::111122223333:role/' || (r ->> '$.requestParameters.iamInstanceProfile.name')
        ) as role
    from record
    where r ->> '$.eventName' in ('CreateFunction20150331', 'CreateStateMachine', 'RunInstances')
)
select principal, role, name, count(*) from call where role is not null group by all
"""


def by_duckdb(folder: str, processes: int) -> Counter[str]:
    """One query."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"set threads = {processes}")
    rows = connection.execute(QUERY.format(folder=folder)).fetchall()
    return Counter({" ".join(row[:3]): row[3] for row in rows})


def by_orjson(folder: str, processes: int) -> Counter[str]:
    """File by file, as a script would do it."""
    found: Counter[str] = Counter()
    with multiprocessing.Pool(processes) as pool:
        for part in pool.imap_unordered(_of_file, sorted(map(str, Path(folder).glob("*.json.gz")))):
            found += part
    return found


def _of_file(path: str) -> Counter[str]:
    import orjson

    found: Counter[str] = Counter()
    for record in orjson.loads(gzip.decompress(Path(path).read_bytes()))["Records"]:
        if record["eventName"] not in ("CreateFunction20150331", "CreateStateMachine", "RunInstances"):
            continue
        given = record["requestParameters"]
        role = given.get("role") or given.get("roleArn")
        if role is None:
            role = f"arn:aws:iam::111122223333:role/{given['iamInstanceProfile']['name']}"
        principal = record["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
        found[f"{principal} {role} {record['eventName']}"] += 1
    return found


if __name__ == "__main__":
    reader = {"duckdb": by_duckdb, "orjson": by_orjson}[sys.argv[1]]
    print(json.dumps(reader(sys.argv[2], int(sys.argv[3]))))
