"""Units: values that are the same in another unit, and those that are not."""

from wethink_assets.rewards import rule_reward
from wethink_assets_tests.support.scripted_judge import said


def test_units() -> None:
    right = [
        ("5 km", "5000 m"),
        ("1 mile", "1.609 km"),
        ("0 °C", "32 °F"),
        ("9.8 m/s^2", "980 cm/s²"),
        ("90 min", "1.5 hours"),
        ("3 dozen", "36"),
    ]
    for answer, other in right:
        assert rule_reward(said(other), answer, "FIB") == 1, (answer, other)
    wrong = [("5 km", "5 m"), ("5 km", "5 kg"), ("5 km", "5"), ("1 mile", "1.7 km"), ("5 mW", "5 MW"), ("$5", "€5")]
    for answer, other in wrong:
        assert rule_reward(said(other), answer, "FIB") == 0, (answer, other)
