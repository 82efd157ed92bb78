"""Groups of images that show the same picture, or the same with a local change, and the split of each group.

Images are compared in steps, each new one with all before it (`image_links`), and what was found is kept as one table a step. Groups are the closure
of the pairs of all steps, so they follow from the images alone. The split of a group follows from the steps, since it must not change as it grows:

- a new group goes where the hash of its first image's id puts it, the smallest of those compared at once: an image alone goes where it always did;
- an image that joins a group takes the split of the group;
- groups that an image joins keep their split where they have one, and otherwise all go to `train`. What may have been trained on is never held out
  later, so rows move from `validation` to `train` only, and only by such a merge.

Nothing depends on the order of images or batches within a step.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from wethink_assets.identity import split_of

__all__ = ["GROUPED", "LINKED", "Forest", "ImageGroups"]

LINKED = pl.Schema(
    {
        "image_id": pl.String(),
        "batch": pl.String(),
        "blob": pl.String(),
        "before": pl.String(),  # split that versions gave the image before it was compared; null where none could hold it
        "unread": pl.Boolean(),  # it could not be decoded, so it was compared with none
        "alike": pl.List(
            pl.Struct(
                {
                    "image_id": pl.String(),
                    "step": pl.Int32(),  # in which that image was compared first; 0 where versions held it before
                    "verdict": pl.String(),  # copy | altered
                    "distance": pl.Float64(),  # of the signatures
                }
            )
        ),
    }
)
"""One step: its new images with pairs that hold their groups together; pairs within a group that others join already are not among them."""
GROUPED = pl.Schema(
    {
        "image_id": pl.String(),
        "group": pl.String(),  # image_id of its first image; null of an image that was compared with none
        "split": pl.String(),
        "joined": pl.String(),  # first image of the group that it was in before that one was merged into this; null where none was
        "moved": pl.Boolean(),  # whether it was held out before its group was merged with one of `train`
    }
)
TRAIN = "train"


class Forest:
    """Union-find over names: which are joined to each other, whatever the order in which they were."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._size: Counter[str] = Counter()

    def root(self, name: str) -> str:
        """The one that stands for all that a name is joined to; itself where nothing is."""
        root = name
        while (above := self._parent.get(root, root)) != root:
            root = above
        while name != root:
            self._parent[name], name = root, self._parent[name]
        return root

    def join(self, one: str, other: str) -> str:
        """Join two names and all that they are joined to; the one that stands for them."""
        one, other = self.root(one), self.root(other)
        if one == other:
            return one
        if self._size[one] < self._size[other]:
            one, other = other, one
        self._parent[other] = one
        self._size[one] += self._size.pop(other, 0) + 1
        return one


@dataclass(frozen=True, slots=True)
class _Group:
    """A group as it is after a step: its first image, with the step of that, and its split."""

    step: int
    first: str
    split: str


class ImageGroups:
    """Groups after some steps. Memory: about 600 bytes an image that is in a group, nothing for others.

    forest: which images are joined.
    """

    def __init__(self) -> None:
        self.forest = Forest()
        self._groups: dict[str, _Group] = {}  # by root
        self._initial: dict[str, _Group] = {}  # by image: the group that it was in first
        self._given: dict[str, str] = {}  # splits of images alone that are not those of their hashes

    def add(self, step: int, images: pl.DataFrame) -> None:
        """Follow a step (`LINKED`), number `step` counted from 1, after all before it."""
        before = dict(images.drop_nulls("before").select("image_id", "before").iter_rows())
        self._given |= {image: split for image, split in before.items() if split != split_of(image)}
        pairs = images.select("image_id", "alike").explode("alike").drop_nulls("alike")
        ages: dict[str, int] = {}
        links = Forest()
        for image, other in pairs.iter_rows():
            ages |= {image: 0 if image in before else step, other["image_id"]: other["step"]}
            links.join(self.forest.root(image), self.forest.root(other["image_id"]))
        components: dict[str, list[str]] = {}
        for image in sorted(ages):
            components.setdefault(links.root(self.forest.root(image)), []).append(image)
        for members in components.values():
            self._grow(step, members, ages)

    def _grow(self, step: int, members: list[str], ages: Mapping[str, int]) -> None:
        """Make one group of images, with the groups that they are in already."""
        former = {image: self._alone(image, ages[image]) for image in members if ages[image] < step}
        groups = sorted({(one.step, one.first): one for one in former.values()}.items())
        if groups:
            splits = {one.split for _, one in groups}
            group = replace(groups[0][1], split=TRAIN if len(splits) > 1 else splits.pop())
        else:
            group = _Group(step, members[0], split_of(members[0]))
        for image in members:
            self._groups.pop(self.forest.root(image), None)
            self._initial.setdefault(image, former.get(image, group))
        for image in members:
            root = self.forest.join(members[0], image)
        self._groups[root] = group

    def _alone(self, image: str, step: int) -> _Group:
        """The group of an image that was compared in an earlier step."""
        known = self._groups.get(self.forest.root(image))
        return known or _Group(step, image, self._given.get(image) or split_of(image))

    def frame(self) -> pl.DataFrame:
        """All images that are in groups (`GROUPED`), by id."""
        rows = []
        for image, initial in sorted(self._initial.items()):
            group = self._groups[self.forest.root(image)]
            joined = initial.first if initial.first != group.first else None
            rows.append((image, group.first, group.split, joined, initial.split != group.split))
        return pl.DataFrame(rows, schema=GROUPED, orient="row")
