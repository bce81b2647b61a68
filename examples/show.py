"""Print rows of a Parquet file: target/polars/bin/python examples/show.py FILE [WORD] [COLUMN,...]

With WORD only rows that contain it, in any column. With COLUMN,... only these columns. At most 40 rows.
"""

import sys

import polars as pl

file, word, columns = (sys.argv[1:] + [None] * 3)[:3]
rows = pl.read_parquet(file)
if word:
    texts = [pl.col(name).cast(pl.String) for name, kind in rows.schema.items() if not kind.is_nested()]
    rows = rows.filter(pl.any_horizontal(text.str.contains(word, literal=True) for text in texts).fill_null(False))
if columns:
    rows = rows.select(columns.split(","))
with pl.Config(tbl_rows=40, tbl_cols=40, tbl_width_chars=118, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
    print(rows)
