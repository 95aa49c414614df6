"""One short file per product: a table of points and at most a few verbs. drivers/catalogue.py lists them."""
