"""What all tables of the configuration share."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")

Reader = Literal["auto", "folder", "zip", "tar", "parquet"]
Kind = Literal["MC", "FIB", "DES"]
ModelStage = Literal["descriptions", "questions", "answers", "reasoning_paths"]
Share = Annotated[float, Field(ge=0, le=1)]


class Table(BaseModel):
    """One table of the file: immutable, unknown settings refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
