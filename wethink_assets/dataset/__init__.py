"""Dataset versions: cutting, building, verifying and explaining them."""
