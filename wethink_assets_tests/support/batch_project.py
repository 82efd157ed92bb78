"""A project whose roles all ask a service by batch jobs."""

from pathlib import Path
from typing import Any

from wethink_assets.models.chat import ROLES
from wethink_assets_tests.support.project import Project, make_project
from wethink_assets_tests.support.scripted_model import write_pack
from wethink_assets_tests.support.services import ServiceDouble

IMAGES = 2


def batch_project(home: Path, service: ServiceDouble, **role: Any) -> Project:
    """Two pictures of one source, the scripted pack, and few rounds: no dialogue, one question a picture."""
    project = make_project(home, service.url, sources=("coco",), images=IMAGES)
    table = service.role(dialect="plain", mode="batch", price_in=10, price_out=10, **role)
    project.configure(
        ["coco"], dict.fromkeys(ROLES, table), write_pack(home / "pack"), questions_per_image=1, refinement_turns=0
    )
    return project
