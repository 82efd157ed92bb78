"""What a training will take, said before its first step: memory by device, tokens, hours and cost, and what is wrong with a part of it."""
