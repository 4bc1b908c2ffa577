"""What every figure means, one page behind the question marks."""
