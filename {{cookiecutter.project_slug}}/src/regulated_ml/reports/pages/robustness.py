"""The page about robustness: the model on new rows, in segments, and when features move."""

from collections.abc import Mapping, Sequence
from typing import Any

from regulated_ml.reports.elements import Figure, Page, Section, Table
from regulated_ml.reports.findings import robustness as findings
from regulated_ml.reports.inputs import SiteInput
from regulated_ml.reports.pages.fairness import between
from regulated_ml.reports.plots import groups as plots
from regulated_ml.reports.plots.groups import Dot, Scale
from regulated_ml.reports.words import (
    Vocabulary,
    capital,
    clean,
    decimal,
    interval,
    percent,
    signed,
    whole,
)

Json = Mapping[str, Any]
SHOWN = 10  # features or segments in a picture; its table has them all


def page(site: SiteInput) -> Page | None:
    """The page, or None where nothing of it was measured."""
    stability, sensitivity, words = site.stability, site.sensitivity, site.vocabulary
    if stability is None or sensitivity is None:
        return None
    sections = [
        _scores(stability),
        _samples(stability),
        _features(stability, words),
        _segments(stability, words),
        _periods(stability["periods"]),
        _sensitivity(sensitivity, words),
        _direction(sensitivity["monotone"], words),
    ]
    lead = (
        f"The model’s {whole(stability['train_rows'])} training rows beside "
        f"{whole(stability['test_rows'])} rows of the sample; and the scores of "
        f"{whole(sensitivity['rows'])} clients when one feature is moved."
    )
    chosen = tuple(section for section in sections if section)
    return Page("robustness.html", "Robustness", findings.drop(stability), lead, chosen)


def _scores(found: Json) -> Section:
    finding, bins = findings.scores(found), found["scores"]["bins"]
    rows = tuple(
        (
            f"{decimal(each['low'])} to {decimal(each['high'])}",
            percent(each["train"]),
            percent(each["test"]),
        )
        for each in bins
    )
    return Section(
        "Distribution of scores",
        finding,
        (
            "The population stability index (PSI) compares the shares of both samples in the "
            "training’s tenths. Two samples of one population differ too: what chance alone stays "
            "below in 95 of 100 cases stands beside it.",
            f"The largest distance of both distributions (KS) is "
            f"{decimal(found['scores']['ks']['value'])}, where chance stays below "
            f"{decimal(found['scores']['ks']['by_chance'])}.",
        ),
        Figure(
            "psi",
            plots.shares_of_bins(bins),
            f"Scores of training and test rows: {finding}.",
            "Each pair of bars is one tenth of the training rows by score.",
            Table("Scores of both samples", "lrr", ("Scores", "Training", "Test"), rows),
        ),
    )


def _samples(found: Json) -> Section:
    aucs, again = found["auc"], found["bootstrap"]
    finding = findings.drop(found)
    entries = [
        Dot("Rows of the training", aucs["train"], quiet=True),
        Dot("Rows of the sample", aucs["test"]),
    ]
    rows = [(dot.label, decimal(dot.estimate["value"]), interval(dot.estimate)) for dot in entries]
    rows.append(("Difference", decimal(aucs["drop"]["value"]), interval(aucs["drop"])))
    resampled = tuple(
        (name, write(again[key]["mean"]), write(again[key]["deviation"]), between_two(again, key))
        for name, key, write in (
            ("AUC", "auc", decimal),
            ("Acceptance rate", "selection_rate", percent),
            ("Label rate", "label_rate", percent),
        )
    )
    return Section(
        "Training and test",
        finding,
        ("A large loss is a sign of learning the training rows by heart.",),
        Figure(
            "samples",
            plots.dots(entries, Scale("AUC", False)),
            f"AUC on both samples: {finding}.",
            "The dot is the AUC, the bar its interval.",
            Table("AUC on both samples", "lrr", ("Sample", "AUC", "Interval"), tuple(rows)),
        ),
        tables=(
            Table(
                f"The sample’s rows drawn again {whole(again['resamples'])} times",
                "lrrr",
                ("Figure", "Mean", "Standard deviation", "Interval"),
                resampled,
            ),
        ),
    )


def between_two(found: Json, key: str) -> str:
    """The interval of a resampled figure."""
    return interval(found[key]) if key == "auc" else between(found[key])


def _features(found: Json, words: Vocabulary) -> Section:
    rows = tuple(
        (
            words.describe(each["name"]),
            clean(each["name"]),
            decimal(each["psi"]["value"], 4),
            decimal(each["psi"]["by_chance"], 4),
            decimal(each["ks"]["value"]),
            percent(each["missing"][0]),
            percent(each["missing"][1]),
        )
        for each in found["features"]
    )
    head = ("Feature", "Column", "PSI", "By chance", "KS", "Missing, training", "Missing, test")
    table = Table("Features on both samples", "llrrrrr", head, rows)
    return Section("Distribution of features", findings.moved(found, words), tables=(table,))


def _segments(found: Json, words: Vocabulary) -> Section | None:
    segments = found["segments"]
    if not segments:
        return None
    finding = findings.segments(segments, words)
    known = sorted(
        (each for each in segments if each["auc"]), key=lambda each: float(each["auc"]["value"])
    )
    entries = [Dot(findings.segment(each, words), each["auc"]) for each in known[:SHOWN]]
    overall = found["auc"]["test"]["value"]
    rows = tuple(
        (
            findings.segment(each, words),
            whole(each["rows"]),
            decimal(each["auc"]["value"]) if each["auc"] else "too few rows",
            percent(each["predicted"]),
            percent(each["observed"]["value"]),
            between(each["observed"]),
            "off" if each["off"] else "",
            percent(each["selection_rate"]["value"]),
        )
        for each in segments
    )
    head = ("Segment", "Rows", "AUC", "Predicted", "Observed", "Interval", "Off", "Accepted")
    table = Table("All segments", "lrrrrrlr", head, rows)
    text = (
        "The rows are divided by each feature in turn. The intervals of observed rates are wide "
        "enough that all of them hold at once; a segment is off where its own does not cover the "
        "mean score. Among clients that are alike in a strong feature, ranking is harder.",
    )
    if not entries:
        return Section("Segments", finding, text, tables=(table,))
    return Section(
        "Segments",
        finding,
        text,
        Figure(
            "segments",
            plots.dots(entries, Scale("AUC; dashed: all clients", False, overall)),
            f"The segments in which the model ranks worst: {finding}.",
            f"The {len(entries)} segments with the lowest AUC, each with its interval.",
            table,
        ),
    )


def _periods(found: Sequence[Json]) -> Section | None:
    if not found:
        return None
    finding = findings.periods(found)
    entries = [Dot(each["period"], each["observed"], each["predicted"]) for each in found]
    rows = tuple(
        (
            clean(each["period"]),
            whole(each["rows"]),
            decimal(each["auc"]["value"]) if each["auc"] else "too few rows",
            percent(each["predicted"]),
            percent(each["observed"]["value"]),
            between(each["observed"]),
            decimal(each["psi"]["value"], 4),
        )
        for each in found
    )
    head = ("Period", "Rows", "AUC", "Predicted", "Observed", "Interval", "PSI of scores")
    return Section(
        "Periods",
        finding,
        (),
        Figure(
            "periods",
            plots.dots(entries, Scale("rate of the label; stroke: mean score")),
            f"Observed and predicted rate by period: {finding}.",
            "The dot is the observed rate, the bar its interval, the upright stroke the mean "
            "score.",
            Table("By period", "lrrrrrr", head, rows),
        ),
    )


def _sensitivity(found: Json, words: Vocabulary) -> Section:
    finding = findings.sensitivity(found, words)
    moved = [
        (each, max(steps, key=lambda move: float(move["flipped"])))
        for each in found["features"]
        if (steps := [move for move in each["moves"] if move["move"] in ("up", "down")])
    ]
    moved = sorted(moved, key=lambda pair: -float(pair[1]["flipped"]))[:SHOWN]
    size = found["rows"]
    table = Table(
        "Every move of every feature",
        "llrrrrr",
        ("Feature", "Moved", "Now declined", "Now accepted", "Mean change", "Largest", "AUC lost"),
        tuple(
            (
                words.describe(each["name"]),
                findings.moves(move),
                whole(move["to_declined"]),
                whole(move["to_accepted"]),
                signed(move["mean_change"], 3),
                decimal(move["largest_change"]),
                decimal(each["auc_drop"]) if move["move"] == "other" else "",
            )
            for each in found["features"]
            for move in each["moves"]
        ),
    )
    text = (
        "One feature is moved, all others stay. A decision that turns with the least change of a "
        "feature rests on it alone.",
    )
    if not moved:
        return Section("Sensitivity", finding, text, tables=(table,))
    labels = [
        f"{capital(words.name(each['name']))}, {findings.moves(move)}" for each, move in moved
    ]
    shares = [(move["to_declined"] / size, move["to_accepted"] / size) for _, move in moved]
    return Section(
        "Sensitivity",
        finding,
        text,
        Figure(
            "sensitivity",
            plots.flips(labels, shares),
            f"Decisions that turn when one feature is moved by its standard deviation: {finding}.",
            "To the right the clients that would be declined, to the left those that would be "
            "accepted.",
            table,
        ),
    )


def _direction(found: Json, words: Vocabulary) -> Section:
    rows = tuple(
        (
            words.describe(each["name"]),
            "may only raise the score" if each["direction"] > 0 else "may only lower the score",
            whole(each["values"]),
            whole(each["violations"]),
        )
        for each in found["features"]
    )
    head = ("Feature", "A higher value", "Values tried", "Clients against it")
    tables = (Table("Declared directions", "llrr", head, rows),) if rows else ()
    return Section("Declared directions", findings.direction(found, words), tables=tables)
