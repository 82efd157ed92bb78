"""Exports: a version in the formats that others read, without what was taken down since it was built."""
