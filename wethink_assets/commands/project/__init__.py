"""Commands about a project as a whole: its configuration, health, sample images and Dagster instance."""
