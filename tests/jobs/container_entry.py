"""What the managed XGBoost container does with a script: hand it to sagemaker-training.

As `sagemaker_xgboost_container.training` does when the hyperparameter `sagemaker_program` is there.
"""

from sagemaker_training import entry_point, environment, runner

if __name__ == "__main__":
    env = environment.Environment()
    entry_point.run(
        uri=env.module_dir,
        user_entry_point=env.user_entry_point,
        args=env.to_cmd_args(),
        env_vars=env.to_env_vars(),
        capture_error=False,
        runner_type=runner.ProcessRunnerType,
    )
