"""Planning: what is still to be done, why, what it would cost, and how much of it is paid for already. Nothing here calls a model."""
