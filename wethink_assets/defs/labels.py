"""Names that the asset graph is sorted by in the UI."""

DATA_TEAM = ["team:data"]
MODEL_TEAM = ["team:models"]
SOURCES, MODELS, IMAGES, SYNTHESIS, VERSIONS = "sources", "models", "images", "synthesis", "versions"
TRAINING = "training"
EVALUATION = "evaluation"
