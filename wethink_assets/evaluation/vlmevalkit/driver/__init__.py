"""The side of VLMEvalKit's process: run by its environment's Python, it imports nothing of this package but itself and
`grading.extractions`, both of the standard library alone."""
