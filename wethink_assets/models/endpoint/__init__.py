"""Client of OpenAI-compatible endpoints: retry, load balancing, concurrency limits and replicas."""
