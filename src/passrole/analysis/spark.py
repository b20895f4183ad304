"""Spark jobs for what is larger than a machine: the extra ``passrole[spark]``.

Where a job runs is Spark's own configuration; on this machine if that says nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from passrole.values.errors import PassroleError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class MissingSpark(PassroleError):
    """PySpark is not installed."""


class SparkFailed(PassroleError):
    """A job that Spark gave up; the text is its own first line."""


@contextmanager
def job(name: str) -> Iterator[SparkSession]:
    """A session that ends with the block. Raises MissingSpark and, for what fails inside, SparkFailed."""
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
    except ImportError as error:
        raise MissingSpark("--engine spark needs PySpark: install passrole[spark]") from error
    try:
        session = _session(name)  # without Java, this is what fails
        try:
            yield session
        finally:
            session.stop()
    except (PySparkException, Py4JError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        text = lines[0] if lines else type(error).__name__
        hint = " (it needs Java 17)" if "JAVA_GATEWAY" in text else ""
        raise SparkFailed(f"the Spark job failed: {text}{hint}") from error


def _session(name: str) -> SparkSession:
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

    conf = SparkConf()
    builder = SparkSession.builder.appName(name)
    local = str(conf.get("spark.master", "local")).startswith("local")
    if not conf.contains("spark.master"):
        builder = builder.master("local[*]")
    # Python's own executable, and no page with its progress, unless something else is said.
    settings = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
    if local:
        settings["spark.sql.shuffle.partitions"] = "8"  # Spark's 200 are for many machines
    for key, value in settings.items():
        if not conf.contains(key):
            builder = builder.config(key, value)
    session = builder.getOrCreate()
    context = session.sparkContext
    context.setLogLevel("OFF")  # what goes wrong is told by SparkFailed
    if local:
        context.pythonExec = sys.executable  # the Python that has this package
    return session
