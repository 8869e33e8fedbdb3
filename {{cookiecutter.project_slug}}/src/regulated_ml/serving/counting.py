"""What an endpoint counts, in the text format that Prometheus reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from regulated_ml.serving.capture import Capture

# Seconds; the upper ends of the bins of a request's duration.
BINS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class _Captures(Collector):
    """What was captured and what was lost, as the capture itself counts it."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The two counts."""
        for name, text, value in (
            ("rml_captured_requests", "Requests that were captured", self._capture.captured),
            ("rml_lost_captures", "Requests that the disk had no place for", self._capture.lost),
        ):
            yield CounterMetricFamily(name, text, value=value)


@dataclass
class Counts:
    """The counts of one endpoint."""

    capture: Capture | None = None
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        text = "Requests by path and status"
        labels = ("path", "status")
        self._requests = Counter("rml_requests", text, labels, registry=self.registry)
        text = "Seconds from a request's head to its answer"
        self._seconds = Histogram(
            "rml_invocation_seconds", text, buckets=BINS, registry=self.registry
        )
        self._rows = Counter("rml_rows", "Rows that were scored", registry=self.registry)
        if self.capture:
            self.registry.register(_Captures(self.capture))

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Counts a request; `path` is one of the endpoint's own, or `other`."""
        self._requests.labels(path, status).inc()
        if path == "/invocations":
            self._seconds.observe(seconds)

    def scored(self, rows: int) -> None:
        """Counts rows."""
        self._rows.inc(rows)

    def text(self) -> bytes:
        """All counts, as Prometheus reads them."""
        return generate_latest(self.registry)
