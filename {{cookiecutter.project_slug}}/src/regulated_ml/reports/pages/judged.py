"""The sections about what the four monitors compare: drift, quality, bias and attribution."""

from collections.abc import Mapping, Sequence
from typing import Any

from regulated_ml.reports.elements import Figure, Section, Table
from regulated_ml.reports.plots import groups, monitor
from regulated_ml.reports.plots.groups import Dot, Scale
from regulated_ml.reports.words import (
    NOTHING,
    decimal,
    listing,
    p_value,
    percent,
    plural,
    signed,
    whole,
)

Json = Mapping[str, Any]


def drift(tested: Sequence[Json], false_alarm_rate: float, suffix: str, place: int) -> Section:
    """Which columns of the window are no longer distributed as in the baseline."""
    ranked = sorted(tested, key=lambda each: -(each["distance"] / (each["critical"] or 1)))
    drifted = [each["column"] for each in ranked if each["drifted"]]
    finding = (
        f"{listing(drifted)} {'has' if len(drifted) == 1 else 'have'} drifted, "
        f"{plural(len(tested) - len(drifted), 'column')} not"
        if drifted
        else f"None of {plural(len(tested), 'column')} has drifted"
    )
    names = {"ks": "Kolmogorov-Smirnov", "tv": "total variation"}
    table = Table(
        caption=f"Drift{suffix}",
        align="llrrrr",
        head=("Column", "Statistic", "Distance", "Drift from", "p-value", "Values"),
        rows=tuple(
            (
                each["column"],
                names[each["statistic"]],
                decimal(each["distance"], 4),
                decimal(each["critical"], 4) if each["critical"] is not None else NOTHING,
                p_value(each["p_value"]).removeprefix("p = "),
                whole(each["rows"][1]),
            )
            for each in ranked
        ),
    )
    drawn = [each for each in ranked if each["critical"] is not None]
    rate = percent(false_alarm_rate, 0)
    return Section(
        topic=f"Drift{suffix}",
        finding=finding,
        text=(
            f"Where nothing has changed, one run in {round(1 / false_alarm_rate)} "
            f"({rate}) finds any drift: the limits take account of the number of rows and columns.",
        ),
        figure=Figure(
            name=f"drift-{place}",
            svg=monitor.drift(drawn),
            alternative=f"{finding}, by distance from the baseline.",
            reading="A bar that passes its line has drifted.",
            table=table,
        )
        if drawn
        else None,
        tables=() if drawn else (table,),
    )


def quality(found: Sequence[Json], suffix: str, place: int) -> Section:
    """The metrics beside those of the evaluation."""
    broken = [each["metric"] for each in found if each["broken"]]
    finding = (
        f"Worse than at the evaluation: {listing(broken)}"
        if broken
        else "No metric is worse than chance explains"
    )
    names = {each["metric"]: each["metric"].replace("_", " ") for each in found}
    entries = [
        Dot(
            names[each["metric"]],
            {"value": each["now"] - each["before"], "low": each["low"], "high": each["high"]},
        )
        for each in found
    ]
    widest = max(max(abs(each["low"]), abs(each["high"])) for each in found)
    table = Table(
        caption=f"Model quality{suffix}",
        align="lrrrlr",
        head=("Metric", "Evaluation", "Now", "Change", "Interval of the change", "Rows"),
        rows=tuple(
            (
                names[each["metric"]],
                decimal(each["before"]),
                decimal(each["now"]),
                signed(each["now"] - each["before"], 3),
                f"{signed(each['low'], 3)} to {signed(each['high'], 3)}",
                whole(each["rows"]),
            )
            for each in found
        ),
    )
    return Section(
        topic=f"Model quality{suffix}",
        finding=finding,
        figure=Figure(
            name=f"quality-{place}",
            svg=groups.dots(
                entries,
                Scale("change from the evaluation", shares=False, line=0.0, ends=(-widest, widest)),
            ),
            alternative=f"{finding}; the change of each metric with its interval.",
            reading="An interval that lies left of the line as a whole is a worse model.",
            table=table,
        ),
    )


def bias(found: Sequence[Json], suffix: str) -> Section:
    """Decisions by protected attribute, and their gates."""
    broken = [each["attribute"] for each in found if each["broken"]]
    names = {
        "selection_ratio_lowest": "lowest ratio of acceptance rates",
        "tpr_gap_largest": "gap of the share of defaults declined",
        "fpr_gap_largest": "gap of the share of good clients declined",
    }
    table = Table(
        caption=f"Decisions by protected attribute{suffix}",
        align="lllrlrl",
        head=("Attribute", "Figure", "Group", "Value", "Interval", "Gate", "Is"),
        rows=tuple(
            (
                each["attribute"],
                names[each["measure"]],
                each["group"],
                decimal(each["value"]),
                f"{decimal(each['low'])} to {decimal(each['high'])}",
                NOTHING if each["bound"] is None else decimal(each["bound"]),
                "broken" if each["broken"] else "kept",
            )
            for each in found
        ),
    )
    finding = (
        f"Decisions differ by {listing(list(dict.fromkeys(broken)))}"
        if broken
        else "Decisions keep the gates of fairness"
    )
    return Section(topic=f"Bias{suffix}", finding=finding, tables=(table,))


def attribution(found: Json, suffix: str) -> Section:
    """How much each feature weighs in the scores."""
    before, now = found["before"], found["now"]
    ranked = sorted(before, key=lambda name: -before[name])
    places = sorted(now, key=lambda name: -now[name])
    table = Table(
        caption=f"Weight of the features{suffix}",
        align="lrrrr",
        head=("Feature", "Place then", "Weight then", "Place now", "Weight now"),
        rows=tuple(
            (
                name,
                str(number),
                decimal(before[name]),
                str(places.index(name) + 1),
                decimal(now[name]),
            )
            for number, name in enumerate(ranked, start=1)
        ),
    )
    word = "otherwise than" if found["broken"] else "as"
    return Section(
        topic=f"Attribution{suffix}",
        finding=f"Features weigh {word} in the evaluation: NDCG {decimal(found['ndcg'])}",
        text=(
            f"1 is the same ranking; an alert is given below {decimal(found['at_least'], 2)}, as "
            f"SageMaker Clarify does. {plural(found['rows'], 'row')} were explained.",
        ),
        tables=(table,),
    )
