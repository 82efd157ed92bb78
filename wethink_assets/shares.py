"""How sure is a share that was counted?"""

import math


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """95% Wilson interval of a share (Wilson 1927); (0, 1) without observations."""
    if not count:
        return 0.0, 1.0
    share = right / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, (middle - spread) / (1 + z * z / count)), min(1.0, (middle + spread) / (1 + z * z / count))
