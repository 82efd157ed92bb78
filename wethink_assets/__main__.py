"""Entry point of the `wethink` command, also as `python -m wethink_assets`: heeds signals before anything that takes its time is imported."""

import sys


def main() -> None:
    """Run the command; exit codes are those of `wethink_assets.cli.main`."""
    try:
        from wethink_assets import signals

        signals.heed()
        from wethink_assets import cli
    except KeyboardInterrupt:
        sys.exit(130)  # nothing was begun
    try:
        cli.main()
    except SystemExit as ending:
        signals.ends_with(ending.code)
        raise


if __name__ == "__main__":
    main()
