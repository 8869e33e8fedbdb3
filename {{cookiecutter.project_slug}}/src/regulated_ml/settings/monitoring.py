"""What config/model.yaml says of watching the served model."""

from typing import Annotated

from pydantic import Field

from regulated_ml.settings.base import Section

Rate = Annotated[float, Field(gt=0, lt=0.5)]


class DataQuality(Section):
    """Types, completeness, values and drift of what is sent."""

    enabled: bool = True


class ModelQuality(Section):
    """Scores against what became of the clients."""

    enabled: bool = True
    # A metric may be so much worse than at the evaluation before it is worth an alarm.
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.0
    late_days: Annotated[int, Field(ge=0, le=3650)] = 365  # labels of a window are waited for


class Bias(Section):
    """Decisions by protected attribute, held to the gates of fairness."""

    enabled: bool = True


class Attribution(Section):
    """How much each feature weighs in the scores, against the evaluation."""

    enabled: bool = True
    # SageMaker Clarify's own limit of the NDCG, which is fixed there.
    ndcg_at_least: Annotated[float, Field(gt=0, le=1)] = 0.90


class Monitoring(Section):
    """The four monitors, and whom they tell."""

    # Of a run: how often it finds drift, or a worse metric, where nothing has changed.
    false_alarm_rate: Rate = 0.01
    window_minutes: Annotated[int, Field(ge=1, le=10_080)] = 60
    data_quality: DataQuality = DataQuality()
    model_quality: ModelQuality = ModelQuality()
    bias: Bias = Bias()
    attribution: Attribution = Attribution()
    # A program and its arguments, run once for each alert, with the alert as JSON on its input.
    alert_command: tuple[Annotated[str, Field(min_length=1)], ...] = ()
