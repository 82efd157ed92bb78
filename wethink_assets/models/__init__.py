"""Chat models behind one protocol: OpenAI-compatible endpoints and the embedded model."""
