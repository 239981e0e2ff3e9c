"""Logger and metrics: the only place that knows Powertools. Log lines hold codes and ids, never text or names."""

from __future__ import annotations

import warnings
from threading import Lock

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

logger = Logger(service="pro-denpasar-plus")
metrics = Metrics(namespace="ProDenpasarPlus", service="pro-denpasar-plus")

_counting = Lock()

# Most requests count nothing, and Powertools would warn of each.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def count(name: str, value: int = 1) -> None:
    """Add to a business metric (embedded metric format, flushed at the end of the invocation)."""
    with _counting:  # Powertools reads, adds and writes back: two threads would lose one count
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def gauge(name: str, seconds: float) -> None:
    """Tell how long something has waited; several values of one invocation are all kept, and the highest counts."""
    with _counting:
        metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=seconds)
