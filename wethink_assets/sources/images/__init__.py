"""Image files: structure, decoding, frames and perceptual hash."""
