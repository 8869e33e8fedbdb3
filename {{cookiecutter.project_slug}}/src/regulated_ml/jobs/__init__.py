"""What runs inside a job: the contract with the platform, and the jobs that all teams share.

A job runs in the managed XGBoost container as it runs here, so nothing below this folder imports
more than numpy, pandas, pyarrow, scikit-learn, xgboost and the other modules of this folder.
"""
