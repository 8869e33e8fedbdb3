"""Prepare: one table in; rows for training, validation and test out (a processing job)."""

from regulated_ml.jobs import contract, samples

from .features import OWN, build_features


def main() -> None:
    """Reads the table, divides the rows, builds and checks their features."""
    parameters = contract.parameters()  # config/dataset.yaml, and `split` of config/model.yaml
    table = samples.read_table(parameters["dataset"])
    rows = samples.split(table, parameters["split"])
    samples.write(table, build_features, rows, OWN)


if __name__ == "__main__":
    contract.run(main)
