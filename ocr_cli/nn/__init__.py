"""Neural networks in numpy: layers, losses, optimisers, and a check on their gradients."""
