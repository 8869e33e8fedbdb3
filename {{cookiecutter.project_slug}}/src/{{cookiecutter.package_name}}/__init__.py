"""The team's jobs: features.py says what the model sees, prepare.py and train.py are steps."""
