"""Sample images that stand in for the 18 sources: drawn scenes with known content, in the sources' own layout."""

from wethink_assets.sources.sample.layout import SampleReport, draw_samples, read_scene_graphs

__all__ = ["SampleReport", "draw_samples", "read_scene_graphs"]
