"""Where does a run's page say why a stage failed?"""

from collections.abc import Iterator
from contextlib import contextmanager

from dagster import AssetExecutionContext

from wethink_assets.errors import WeThinkError


@contextmanager
def reason_told(context: AssetExecutionContext) -> Iterator[None]:
    """Log our own errors as one line of the run's log: Dagster shows its stack trace first, and the cause below the fold."""
    try:
        yield
    except WeThinkError as error:
        context.log.error(str(error))
        raise
