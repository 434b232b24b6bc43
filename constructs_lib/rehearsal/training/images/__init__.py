"""Image classification: reading pictures and learning from them."""
