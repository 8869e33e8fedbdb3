"""XGBoost as the jobs use it: `from regulated_ml.jobs.lean import xgboost`.

Without scikit-learn: XGBoost imports it for the classes of its wrapper, such as XGBClassifier, and
that takes a second, longer than training 30,000 rows. Where neither is imported yet, scikit-learn
is hidden while XGBoost is imported; afterwards it can be imported as ever, and only XGBoost's own
wrapper is missing. Whoever wants the wrapper imports xgboost before this module.

With threads that sleep while they wait for each other: by default OpenMP lets them spin, and where
another process wants the core too, 100 rounds on 21,000 rows took 14 s instead of 1.2 s.
"""

import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when XGBoost's library is loaded

_hidden = "sklearn" not in sys.modules and "xgboost" not in sys.modules
if _hidden:
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # Python's way to refuse an import
try:
    import xgboost
finally:
    if _hidden:
        del sys.modules["sklearn"]

__all__ = ["xgboost"]
