"""Model calls of a stage: the session, replies and their parsing, collection of outcomes."""
