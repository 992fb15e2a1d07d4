#!/usr/bin/python3
"""state.py: prints the demo shop's accounts. Sessions, logs and the burned commitments are no accounts. Wants SHOP_DATA."""
import os, sqlite3

db = sqlite3.connect("file:" + os.path.join(os.environ["SHOP_DATA"], "shop.db") + "?mode=ro", uri=True)
for table, order in (("customers", "id"), ("plans", "customer"), ("orders", "number")):
    for row in db.execute(f"SELECT * FROM {table} ORDER BY {order}"):
        print(table, row)
