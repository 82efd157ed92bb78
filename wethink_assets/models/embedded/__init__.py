"""The embedded model: a small vision-language model of the Qwen2.5-VL architecture, trained from scratch on drawn scenes."""
