"""What an endpoint counts, in the text format that Prometheus reads.

Counted in plain numbers by the one loop that answers, and made into metrics only when asked for.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from regulated_ml.serving.capture import Capture

# Seconds; the upper ends of the bins of a request's duration.
BINS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Counts(Collector):
    """The counts of one endpoint."""

    def __init__(self, capture: Capture | None = None) -> None:
        self._capture = capture
        self._answers: Counter[tuple[str, int]] = Counter()
        self._durations = [0] * (len(BINS) + 1)
        self._seconds = 0.0
        self._rows = 0
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Counts a request; `path` is one of the endpoint's own, or `other`."""
        self._answers[path, status] += 1
        if path == "/invocations":
            self._durations[bisect_left(BINS, seconds)] += 1
            self._seconds += seconds

    def scored(self, rows: int) -> None:
        """Counts rows."""
        self._rows += rows

    def text(self) -> bytes:
        """All counts, as Prometheus reads them."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """All counts, as metrics."""
        requests = CounterMetricFamily(
            "rml_requests", "Requests by path and status", labels=("path", "status")
        )
        for (path, status), value in sorted(self._answers.items()):
            requests.add_metric((path, str(status)), value)
        yield requests
        ends = [*map(str, BINS), "+Inf"]
        yield HistogramMetricFamily(
            "rml_invocation_seconds",
            "Seconds from a request's head to its answer",
            buckets=list(zip(ends, accumulate(self._durations), strict=True)),
            sum_value=self._seconds,
        )
        yield CounterMetricFamily("rml_rows", "Rows that were scored", value=self._rows)
        if self._capture:
            captured, lost = self._capture.captured, self._capture.lost
            text = "Requests that were captured"
            yield CounterMetricFamily("rml_captured_requests", text, value=captured)
            text = "Requests that could not be captured"
            yield CounterMetricFamily("rml_lost_captures", text, value=lost)
