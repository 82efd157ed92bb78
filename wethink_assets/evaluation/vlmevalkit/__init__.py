"""VLMEvalKit in an environment and a process of its own: it builds prompts and scores predictions, inference and judging are ours."""
