"""Publication of exports: to a bucket of S3, or a repository of the Hugging Face hub."""
