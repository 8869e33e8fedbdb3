"""Speed and size against their limits, with one command: `make benchmark`."""
