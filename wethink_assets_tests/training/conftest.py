"""Fixtures of training tests."""

import uuid

import pytest

from wethink_assets.storage.store import Store
from wethink_assets_tests.s3_server import S3Server


@pytest.fixture
def s3_store(s3: S3Server) -> Store:
    """An empty store on S3."""
    return Store.open(f"s3://{s3.bucket}/{uuid.uuid4().hex}", **s3.options)
