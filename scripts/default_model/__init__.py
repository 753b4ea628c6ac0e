"""The parts of scripts/train_default.py, which trains the model inside golens."""
