"""Section of a version's card on its splits: groups of alike images, groups that were merged, rows that moved for it, images not compared."""

from typing import Any

from wethink_assets.dataset.versions.markdown import table

__all__ = ["split_section"]

SHOWN = 10


def split_section(figures: dict[str, Any] | None) -> list[str]:
    """Parts of a card; none of a version that is split by single images. figures: `splits` of the statistics (`ImageSplits.figures`)."""
    if not figures:
        return []
    parts = ["## Splits\n"]
    if figures["unchecked"]:
        parts.append(
            f"> **Not checked:** {figures['unchecked']} images were not compared with the others, and go where the hash of their id puts them.\n"
        )
    parts.append(
        "Images that are copies of each other, however coded, sized, cropped by up to a tenth, framed, mirrored, turned or lit, or that are the same "
        "but for a local change, go into one split together, with all that are alike to one of them. A group keeps its split as it grows; of groups "
        f"that a new image joins, all go to train where one was there. {figures['images']} images of this version are in {figures['groups']} such "
        f"groups, {figures['largest']} in the largest one.\n"
    )
    moved = figures["moved"]
    if figures["merged"]:
        parts.append(
            f"**{figures['merged']} groups were merged into older ones** since they were first compared or cut; by that {moved['images']} images "
            f"with {moved['rows']} rows went from validation to train. What was held out before is trained on now: scores on the validation rows of "
            "versions before are of other rows.\n"
        )
        rows = [
            [f"`{one['joined'][:12]}`", f"`{one['group'][:12]}`", one["images"], one["moved"]]
            for one in figures["merges"][:SHOWN]
        ]
        parts.append(table(["group of", "merged into that of", "images here", "moved to train"], rows))
    return parts
