"""XGBoost without scikit-learn: `from regulated_ml.jobs.lean import xgboost`.

XGBoost imports scikit-learn for the classes of its wrapper (XGBClassifier and the like), and that
takes a second: longer than training 30,000 rows. Where neither is imported yet, scikit-learn is
hidden while XGBoost is imported; afterwards it can be imported as ever, and only XGBoost's own
wrapper is missing. Whoever wants the wrapper imports xgboost before this module.
"""

import sys

_hidden = "sklearn" not in sys.modules and "xgboost" not in sys.modules
if _hidden:
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # Python's way to refuse an import
try:
    import xgboost
finally:
    if _hidden:
        del sys.modules["sklearn"]

__all__ = ["xgboost"]
