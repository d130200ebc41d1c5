"""The optional PyTorch back end: the same layers and weights, trained faster."""
