"""Which paths a glob of the configuration means."""

import re
from functools import lru_cache

_TRANSLATIONS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matches(pattern: str, path: str) -> bool:
    """Whether a glob matches a whole path: `**` stands for any folders, `*` and `?` stay within one.

    >>> matches("coco/**", "coco/train2017/1.jpg"), matches("*.jpg", "a/1.jpg"), matches("**/*.jpg", "1.jpg")
    (True, False, True)
    """
    return pattern == "**" or _compiled(pattern).fullmatch(path) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    tokens = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern)
    return re.compile("".join(_TRANSLATIONS.get(token) or re.escape(token) for token in tokens), re.DOTALL)
