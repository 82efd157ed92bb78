"""WeThink: grow verified multimodal reasoning datasets and prove what each version is worth."""
