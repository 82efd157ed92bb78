"""The source datasets: their catalog, listings, archive readers and image ingestion."""
