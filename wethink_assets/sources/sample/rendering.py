"""Drawing of scenes, and what makes them hard to read.

Everything is laid out on a canvas of 48 units (a cell is 16) and drawn at any size, so that what the model sees at 48 pixels is the
same whether the picture was stored at 96 or at 240. Randomness comes from `random.Random` alone and the font is the one inside Pillow:
the same seed gives the same pixels on every machine with the same Pillow.
"""

import random
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from wethink_assets.sources.sample.scenes import Item, Scene

UNITS = 48
CELL = 16
RGB = tuple[int, int, int]
PAINT: dict[str, RGB] = {
    "red": (220, 40, 40),
    "green": (40, 160, 60),
    "blue": (50, 80, 220),
    "yellow": (240, 210, 40),
    "purple": (140, 60, 180),
    "orange": (245, 140, 30),
}
PAPERS: tuple[RGB, ...] = ((255, 255, 255), (245, 245, 238), (232, 238, 244), (225, 225, 225))
INKS: tuple[RGB, ...] = ((20, 20, 20), (20, 30, 90), (90, 20, 30), (20, 70, 40), (70, 30, 90))
BASELINE = 44.0
UNIT_HEIGHT = 4.4


@lru_cache(maxsize=64)
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(pixels)


def render(scene: Scene, rng: random.Random, size: int = 96, oversample: int = 1) -> Image.Image:
    """Draw a scene as a square RGB picture.

    Args:
        size: width and height in pixels.
        oversample: draw so many times larger and reduce, for smooth edges.
    """
    paper = rng.choice(PAPERS)
    pixels = size * oversample
    image = Image.new("RGB", (pixels, pixels), paper)
    draw = ImageDraw.Draw(image)
    scale = pixels / UNITS
    small = rng.uniform(0.38, 0.55) if "small print" in scene.effects else 1.0
    if "clutter" in scene.effects:
        _clutter(draw, rng, scale, rng.randint(4, 9))
    ink = rng.choice(INKS)
    if scene.kind == "chart":
        _axes(draw, scale)
    for item in scene.items:
        _draw_item(draw, scene, item, rng, scale, small, ink)
    if "occlusion" in scene.effects:
        for item in scene.items:
            if rng.random() < 0.6:
                _cover(draw, scene, item, rng, scale)
    if "clutter" in scene.effects:
        _clutter(draw, rng, scale, rng.randint(5, 10))
    if oversample > 1:
        image = image.reduce(oversample)
    if "low contrast" in scene.effects:
        image = Image.blend(Image.new("RGB", image.size, paper), image, rng.uniform(0.06, 0.2))
    if scene.effects:
        image = _add_noise(image, rng, rng.uniform(70, 130) if "noise" in scene.effects else 8.0)
    return image


def _box(scale: float, left: float, top: float, right: float, bottom: float) -> list[float]:
    return [left * scale, top * scale, right * scale, bottom * scale]


def _axes(draw: ImageDraw.ImageDraw, scale: float) -> None:
    grey = (120, 120, 120)
    draw.rectangle(_box(scale, 0.5, BASELINE, 47.5, BASELINE + 0.9), fill=grey)
    draw.rectangle(_box(scale, 0.5, 3, 1.2, BASELINE), fill=grey)


def _draw_item(
    draw: ImageDraw.ImageDraw, scene: Scene, item: Item, rng: random.Random, scale: float, small: float, ink: RGB
) -> None:
    x = (item.cell % 3 + 0.5) * CELL + rng.uniform(-1.5, 1.5) * (scene.kind != "figure")
    y = (item.cell // 3 + 0.5) * CELL + rng.uniform(-1.5, 1.5) * (scene.kind != "figure")
    match scene.kind:
        case "shapes":
            red, green, blue = (max(0, min(255, part + rng.randint(-12, 12))) for part in PAINT[item.color])
            _shape(draw, item.shape, x * scale, y * scale, rng.uniform(5.2, 6.4) * small * scale, (red, green, blue))
        case "chart":
            half = rng.uniform(3.6, 5.0) * small
            red, green, blue = (max(0, min(255, part + rng.randint(-12, 12))) for part in PAINT[item.color])
            top = BASELINE - item.value * UNIT_HEIGHT
            draw.rectangle(_box(scale, x - half, top, x + half, BASELINE - 0.1), fill=(red, green, blue))
        case "figure":
            radius = rng.uniform(7.0, 7.6) * (small + 1) / 2
            _shape(draw, item.shape, x * scale, y * scale, radius * scale, ink)
            down = radius * 0.3 if item.shape == "triangle" else 0.0
            letter = (7.6 if item.shape in ("triangle", "diamond") else 9.0) * min(1.0, small * 1.3)
            _glyph(draw, item.label, x * scale, (y + down) * scale, letter * scale, (255, 255, 255))
        case "text":
            _glyph(draw, item.label, x * scale, y * scale, rng.uniform(13.5, 15.5) * small * scale, ink)


def _shape(draw: ImageDraw.ImageDraw, shape: str, x: float, y: float, radius: float, fill: RGB) -> None:
    match shape:
        case "circle":
            draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=fill)
        case "square":
            side = radius * 0.88
            draw.rectangle([x - side, y - side, x + side, y + side], fill=fill)
        case "triangle":
            draw.polygon([(x, y - radius), (x + radius, y + radius), (x - radius, y + radius)], fill=fill)
        case "diamond":
            draw.polygon([(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)], fill=fill)
        case _:
            arm = radius * 0.36
            draw.rectangle([x - arm, y - radius, x + arm, y + radius], fill=fill)
            draw.rectangle([x - radius, y - arm, x + radius, y + arm], fill=fill)


def _glyph(draw: ImageDraw.ImageDraw, character: str, x: float, y: float, pixels: float, fill: RGB) -> None:
    font = _font(max(5, round(pixels)))
    draw.text(
        (x, y), character, fill=fill, font=font, anchor="mm", stroke_width=max(0, round(pixels / 24)), stroke_fill=fill
    )


def _cover(draw: ImageDraw.ImageDraw, scene: Scene, item: Item, rng: random.Random, scale: float) -> None:
    x = (item.cell % 3 + 0.5) * CELL
    y = (item.cell // 3 + 0.5) * CELL
    if scene.kind == "chart":
        y = BASELINE - item.value * UNIT_HEIGHT
    grey = rng.randint(130, 190)
    across, down = rng.uniform(-4, 4), rng.uniform(-4, 4)
    half_width, half_height = rng.uniform(3.5, 8), rng.uniform(3, 6)
    left, top = x + across - half_width, y + down - half_height
    draw.rectangle(_box(scale, left, top, left + 2 * half_width, top + 2 * half_height), fill=(grey, grey, grey))


def _clutter(draw: ImageDraw.ImageDraw, rng: random.Random, scale: float, strokes: int) -> None:
    for _ in range(strokes):
        color = rng.choice([*PAINT.values(), *INKS])
        x, y = rng.uniform(0, UNITS), rng.uniform(0, UNITS)
        if rng.random() < 0.6:
            end = (x + rng.uniform(-20, 20), y + rng.uniform(-20, 20))
            draw.line(
                [x * scale, y * scale, end[0] * scale, end[1] * scale],
                fill=color,
                width=max(1, round(rng.uniform(0.6, 1.8) * scale)),
            )
        else:
            radius = rng.uniform(0.8, 2.4)
            draw.ellipse(_box(scale, x - radius, y - radius, x + radius, y + radius), fill=color)


def _add_noise(image: Image.Image, rng: random.Random, amplitude: float) -> Image.Image:
    """Coarse noise: one value a unit of the canvas, so that its strength survives the reduction to the model's input."""
    grain = np.frombuffer(rng.randbytes(UNITS * UNITS * 3), np.uint8).reshape(UNITS, UNITS, 3)
    field = (
        np.asarray(Image.fromarray(grain, "RGB").resize(image.size, Image.Resampling.NEAREST), np.float32) / 255.0 - 0.5
    )
    noisy = np.clip(np.asarray(image, np.float32) + field * (2 * amplitude), 0, 255)
    return Image.fromarray(noisy.astype(np.uint8), "RGB")
