"""Parts that several benchmarks share: a scripted endpoint and project, photographs, environments of peers."""
