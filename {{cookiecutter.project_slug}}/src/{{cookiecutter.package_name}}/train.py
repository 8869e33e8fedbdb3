"""Train: prepared rows in, an XGBoost model out (a training job).

A training that was stopped goes on from its last checkpoint, to the same bytes. To train another
way, fit a model here and save it into `contract.model_folder()`.
"""

from regulated_ml.jobs import contract, hyperparameters, training


def main() -> None:
    """Reads the channels, fits, saves."""
    trained = training.fit(
        hyperparameters.check(contract.hyperparameters()),  # `training` of config/model.yaml
        train=contract.channel("train"),
        validation=contract.channel("validation"),
        checkpoints=contract.checkpoint_folder(),
    )
    trained.save()


if __name__ == "__main__":
    contract.run(main)
