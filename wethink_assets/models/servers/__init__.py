"""vLLM servers of this machine: what they need, who starts them, who uses them, when they end.

A run that needs a server leases it (`leases`, `clients`); the first one starts a supervisor process (`supervisor`), which owns the server, knows
its clients by files with heartbeats, and stops the server when they are gone and its idle time is over. All of them meet in one folder a
server (`runtime`), which its command line and weights name: whoever wants the same server finds the one that is there.
"""
