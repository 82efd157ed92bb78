"""Structure of zip archives: directories, local headers, packed data."""
