"""Others' places that show the records: SageMaker Experiments, MLflow.

What they show is derived from the records, and none of them is ever asked what is true. A tracker
that cannot be reached fails no run: what it has not been sent yet is computed, and sent later.
"""
