"""What anybody would write: read the rows, score, write. `rml model score` is measured against it.

`python bare_scoring.py MODEL ROWS OUTPUT`: it checks nothing and keeps nothing.
"""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import xgboost as xgb

if __name__ == "__main__":
    model, path, output = sys.argv[1:]
    booster = xgb.Booster(model_file=model)
    schema = pa.schema([("id", pa.int64()), ("score", pa.float64()), ("decision", pa.string())])
    with pyarrow.csv.CSVWriter(output, schema) as writer:
        for batch in pq.ParquetFile(path).iter_batches(65_536):
            clients = batch.to_pandas()
            scores = booster.inplace_predict(clients[booster.feature_names])
            decision = np.where(scores >= 0.5, "declined", "accepted")
            columns = {"id": clients["ID"], "score": scores.astype(float), "decision": decision}
            writer.write_table(pa.table(columns, schema))
