"""Commands about dataset versions: cutting, lineage, verification, export, takedowns, growth."""
