"""Strict doubles of the model services that people have: one local server, which refuses what the named service refuses, in its words.

Every rule stands with its source in `local`, or in `hosted` and what that imports. A double runs on a thread of its own, so that runs in this
process and in others reach it:

>>> with served("deepseek", faults=Faults(balance_for=3)) as service:
...     role = RoleSettings(**service.role())           # provider, url, model, api_key_env, dialect of the service
...     ...
...     service.requests, service.refusals              # bodies that were answered; (status, message) of those that were not

`faults` is a `Faults` value and may be changed while it serves (`service.faults = Faults()`): a spent balance, moderated requests, replies that
need more room, limits of requests and tokens a minute told in headers, another model's name, no usage, 200 with an error, a refusal, any
finish reason. `script` decides what is replied (`Script`); without one a text is a sentence about a square, and a call with a schema an
instance of it, which is found in `response_format` or in the prompt. The key is in the environment variable `service.key_env` while it serves.
"""

from wethink_assets_tests.support.services.faults import Faults
from wethink_assets_tests.support.services.hosted import HOSTED
from wethink_assets_tests.support.services.local import LOCAL
from wethink_assets_tests.support.services.server import Script, ServiceDouble, served, served_as

SERVICES = (*HOSTED, *LOCAL)

__all__ = ["SERVICES", "Faults", "Script", "ServiceDouble", "served", "served_as"]
