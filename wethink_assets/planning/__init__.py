"""What is still to be done, why, what would it cost, and how much of it is paid for already? Nothing here calls a model."""
