"""Members of archives of every format: their names, the table that they are listed in, and archives among them."""
