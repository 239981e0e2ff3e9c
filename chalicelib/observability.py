"""Logger, metrics, traces: the only place that knows Powertools. Log lines hold codes and ids, never text or names."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from chalicelib.settings import settings

Handler = Callable[[Any, Any], Any]
"""As Lambda calls it: an event as JSON, and the context of its invocation."""
Job = TypeVar("Job", bound=Callable[[Any], Any])

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


def correlation() -> str:
    """The id of the request or invocation at work; what it leaves for later (a notice) carries it along."""
    return logger.get_correlation_id() or ""


@contextmanager
def correlated_with(earlier: str) -> Iterator[None]:
    """Log as part of an earlier request: whoever asked for what is done now. Not for threads, who share one logger."""
    here = logger.get_correlation_id()
    if earlier:
        logger.set_correlation_id(earlier)
    try:
        yield
    finally:
        logger.set_correlation_id(here)


def observer() -> Callable[[Handler], Handler]:
    """What watches a handler: log lines that bear its invocation, counts that are written when it ends, and a trace.

    The counts bear city and stage, for several may share an account (infra/'s alarms name both). The tracer is dear
    to load, so it is loaded only where the stage turns X-Ray on.
    """
    metrics.set_default_dimensions(city=settings().city, stage=settings().stage)
    traced = _tracing() if settings().xray else None

    def observe(handler: Handler) -> Handler:
        def correlated(event: Any, context: Any) -> Any:
            # The gateway names each request in its access log and in its answer; a job has its invocation.
            asked = event.get("requestContext") if isinstance(event, dict) else None
            logger.set_correlation_id((asked or {}).get("requestId") or context.aws_request_id)
            return handler(event, context)

        watched: Handler = metrics.log_metrics(
            logger.inject_lambda_context(correlated, clear_state=True), raise_on_empty_metrics=False
        )
        return traced(watched) if traced else watched

    return observe


def observed(job: Job) -> Job:
    """Decorates a job, which takes one event of Chalice's.

    Lambda loads a job's own module and not app.py, so middleware that app.py registers never runs around a job.
    """
    observe = observer()

    @functools.wraps(job)
    def watched(event: Any) -> Any:
        return observe(lambda _event, _context: job(event))(event.to_dict(), event.context)

    kept: Job = watched  # type: ignore[assignment]  # takes and answers what the job does
    return kept


def _tracing() -> Callable[[Handler], Handler]:
    from aws_lambda_powertools import Tracer

    tracer: Any = Tracer(service="pro-denpasar-plus", patch_modules=("botocore",))
    # Answers and errors may repeat what a citizen wrote; a trace holds times and names of calls.
    return functools.partial(tracer.capture_lambda_handler, capture_response=False, capture_error=False)
