"""The table about rewards: how the judge is asked, and when rules and judge are out of bounds."""

from typing import Literal

from pydantic import Field

from wethink_assets.config.base import Share, Table


class RewardSettings(Table):
    """How answers are graded in training, and what calibration demands of it."""

    longest_candidate: int = Field(2000, ge=100, description="characters of an answer that the judge reads")
    judge_attempts: int = Field(2, ge=1, le=5, description="calls for one answer before it counts as failed")
    second_judge: Literal["", "describer", "reasoner", "adjudicator", "policy"] = Field(
        "", description="role whose model judges beside the judge; empty: the judge's own model, sampled"
    )
    calibration_rows: int = Field(18, ge=6, le=2000, description="questions that the judge is calibrated on")
    rule_error: Share = Field(0.01, description="false accepts, and false rejects, of the rules at most")
    judge_agreement: Share = Field(0.9, description="agreement of the judge with truth and with rules at least")
    judge_consistency: Share = Field(0.8, description="equal grades after swapping or rewording at least")
    judge_fooled: Share = Field(0.05, description="hostile answers that earn anything at most")
    judge_failed: Share = Field(0.02, description="answers left without a grade at most")
