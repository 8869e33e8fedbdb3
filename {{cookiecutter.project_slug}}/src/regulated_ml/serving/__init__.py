"""The local endpoint: the contract of the managed XGBoost container, on this machine."""
