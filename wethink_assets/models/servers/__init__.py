"""vLLM servers of this machine: what they need, who started them, who uses them, when they end."""
