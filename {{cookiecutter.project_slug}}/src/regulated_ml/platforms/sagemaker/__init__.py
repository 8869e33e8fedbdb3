"""Jobs on Amazon SageMaker: submitted, followed, collected. They outlive the process that asks."""
