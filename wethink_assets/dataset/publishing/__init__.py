"""Publication of exports: to a bucket of S3 or whatever else fsspec writes to as one."""
