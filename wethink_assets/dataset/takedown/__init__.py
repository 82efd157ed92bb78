"""Takedowns of images, sources and licences, and erasure of what is kept of them."""
