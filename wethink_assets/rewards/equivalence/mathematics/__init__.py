"""Mathematics as answers write it: LaTeX or plain signs, read into terms and evaluated at fixed points, in bounded time and without any `eval`."""
