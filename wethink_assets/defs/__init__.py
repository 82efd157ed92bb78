"""The Dagster layer: thin assets over the domain packages, and how runs are kept honest."""
