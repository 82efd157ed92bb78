"""Which failures of a model concern one call only, and which mean that no further call will work?"""

from wethink_assets.errors import ModelError


class CallFailed(ModelError):
    """One call failed where others may still work: a refused request, or retries that ran out on this call alone.

    Any other `ModelError` of a chat model means that the model itself is gone: whoever works through many calls stops.
    """
