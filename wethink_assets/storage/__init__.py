"""One root on any fsspec URL: blobs, stage tables and their commits, the journal of model calls."""
