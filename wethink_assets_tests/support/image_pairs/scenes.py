"""Pictures that are drawn from what they hold: photographs, charts, documents and drawings, each whole or with one thing in it changed.

A picture is a function of its kind and seed; `change` names the one thing that is not as it was.
"""

import colorsys
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import skimage
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
PHOTOGRAPHS = (
    "astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "retina.jpg", "hubble_deep_field.jpg",
    "ihc.png", "color.png", "camera.png",
)  # fmt: skip
WORDS = [
    "river",
    "amber",
    "north",
    "table",
    "signal",
    "copper",
    "paper",
    "winter",
    "garden",
    "market",
    "island",
    "method",
    "letter",
    "bridge",
    "valley",
    "engine",
    "harbour",
    "window",
    "silver",
    "forest",
    "record",
    "number",
    "summer",
    "people",
    "travel",
    "report",
    "county",
    "office",
    "wheat",
    "cotton",
    "autumn",
    "mirror",
    "ladder",
    "candle",
]
NAMES = "Ade Bo Chen Dana Eli Fay Gus Hana Ivo Jun Kai Lea Mio Nia Oda Pia".split()  # noqa: SIM905


@cache
def font(size: int, face: str = "DejaVuSans") -> ImageFont.FreeTypeFont:
    """A face of those that matplotlib ships."""
    return ImageFont.truetype(FONTS / f"{face}.ttf", size)


def colour(rng: random.Random, light: tuple[float, float] = (0.25, 0.6)) -> tuple[int, int, int]:
    """A colour that shows on white."""
    red, green, blue = colorsys.hls_to_rgb(rng.random(), rng.uniform(*light), rng.uniform(0.5, 1))
    return round(red * 255), round(green * 255), round(blue * 255)


def other_digit(text: str, rng: random.Random) -> str:
    """A text with one of its digits changed."""
    places = [place for place, sign in enumerate(text) if sign.isdigit()]
    place = rng.choice(places)
    digit = rng.choice([sign for sign in "123456789" if sign != text[place]])
    return text[:place] + digit + text[place + 1 :]


def sentence(rng: random.Random, words: int) -> str:
    """Some words."""
    return " ".join(rng.choices(WORDS, k=words))


def document(seed: int, change: str = "", contents: int | None = None) -> Image.Image:
    """A page with a title, a date, paragraphs and a table of amounts; another `contents` fills the same layout with other words."""
    layout, rng = random.Random(f"page {seed}"), random.Random(f"words {seed if contents is None else contents}")
    pick = random.Random(f"change {seed} {change}")
    width, size = layout.choice((560, 620, 720)), layout.choice((15, 16, 18))
    face = layout.choice(("DejaVuSans", "DejaVuSerif", "DejaVuSansMono"))
    step, margin = round(size * layout.uniform(1.4, 1.7)), layout.randrange(30, 60)
    per_line = int((width - 2 * margin) / size / (4.6 if face != "DejaVuSansMono" else 5.0))
    paragraphs = [layout.randrange(2, 5) for _ in range(layout.randrange(1, 4))]
    year = str(rng.randrange(1950, 2026))
    lines = [sentence(rng, per_line) for count in paragraphs for _ in range(count)]
    rows = [
        (sentence(rng, 2), f"{rng.randrange(10, 9999)}.{rng.randrange(100):02d}") for _ in range(layout.randrange(3, 7))
    ]
    title = sentence(rng, 2).title()
    if change == "line":
        lines[pick.randrange(len(lines))] = sentence(pick, per_line)
    elif change == "amount":
        row = pick.randrange(len(rows))
        rows[row] = (rows[row][0], other_digit(rows[row][1], pick))
    elif change == "year":
        year = other_digit(year, pick)
    height = margin * 2 + step * (4 + len(lines) + len(paragraphs) + len(rows) + 1)
    page = Image.new("RGB", (width, height), layout.choice(("white", "#fffdf5", "#f4f4f4")))
    draw, top, ink = ImageDraw.Draw(page), margin, layout.choice(("black", "#222222", "#1a2a5a"))
    draw.text((margin, top), title, ink, font(size + 8, face))
    draw.text((width - margin - 6 * size, top), year, ink, font(size, face))
    top += 3 * step
    rest = list(lines)
    for count in paragraphs:
        for line in rest[:count]:
            draw.text((margin, top), line, ink, font(size, face))
            top += step
        del rest[:count]
        top += step
    for name, amount in rows:
        draw.text((margin, top), name, ink, font(size, face))
        draw.text((width - margin - 7 * size, top), amount, ink, font(size, face))
        top += step
    return page


def chart(seed: int, change: str = "") -> Image.Image:
    """Bars with names, a title with a year, and an axis."""
    rng, pick = random.Random(f"chart {seed}"), random.Random(f"change {seed} {change}")
    width, height, size = rng.choice((560, 640, 760)), rng.choice((400, 460)), rng.choice((15, 17))
    names = rng.sample(NAMES, rng.randrange(4, 8))
    values = [rng.uniform(0.15, 0.95) for _ in names]
    colours = [colour(rng)] * len(names) if rng.random() < 0.5 else [colour(rng) for _ in names]
    title, year = sentence(rng, 2).title(), str(rng.randrange(1950, 2026))
    bar = pick.randrange(len(names))
    if change == "label":
        names[bar] = pick.choice([name for name in NAMES if name not in names])
    elif change == "length":
        values[bar] += pick.uniform(0.08, 0.2) * (-1 if values[bar] > 0.55 else 1)
    elif change == "colour":
        was = colorsys.rgb_to_hls(*(value / 255 for value in colours[bar]))
        now = colorsys.hls_to_rgb((was[0] + pick.uniform(0.25, 0.75)) % 1, was[1], was[2])
        colours[bar] = (round(now[0] * 255), round(now[1] * 255), round(now[2] * 255))
    elif change == "year":
        year = other_digit(year, pick)
    picture = Image.new("RGB", (width, height), rng.choice(("white", "#fafafa")))
    draw, left, base, top = ImageDraw.Draw(picture), 60, height - 50, 60
    draw.text((left, 18), f"{title}, {year}", "black", font(size + 3))
    for tick in range(5):
        y = base - (base - top) * tick // 4
        draw.line((left, y, width - 30, y), "#cccccc", 1)
        draw.text((16, y - 9), str(tick * 25), "#333333", font(size))
    pitch = (width - 30 - left) / len(names)
    for place, (name, value, shade) in enumerate(zip(names, values, colours, strict=True)):
        x = left + pitch * place + pitch * 0.15
        draw.rectangle((x, base - (base - top) * value, x + pitch * 0.7, base), shade)
        draw.text((x + pitch * 0.15, base + 8), name, "black", font(size))
    draw.line((left, top, left, base), "black", 2)
    return picture


def drawing(seed: int, change: str = "") -> Image.Image:
    """A figure as geometry has it: corners with letters, sides with lengths, a circle, coloured shapes."""
    rng, pick = random.Random(f"figure {seed}"), random.Random(f"change {seed} {change}")
    width, height, size = rng.choice((420, 520, 600)), rng.choice((380, 440, 480)), rng.choice((17, 19, 22))
    turn = rng.uniform(0, 6.28)
    corners = []
    for place in range(count := rng.randrange(3, 6)):
        angle, far = turn + 6.283 * place / count, rng.uniform(0.26, 0.36)
        corners.append((width * (0.5 + far * np.cos(angle)), height * (0.5 + far * np.sin(angle))))
    letters = rng.sample("ABCDEFGHKLMNPQRST", count)
    lengths = [str(rng.randrange(11, 99)) for _ in corners]
    shade, ring = colour(rng, (0.6, 0.85)), rng.random() < 0.6
    side = pick.randrange(count)
    if change == "label":
        letters[side] = pick.choice([letter for letter in "ABCDEFGHKLMNPQRST" if letter not in letters])
    elif change == "length":
        lengths[side] = other_digit(lengths[side], pick)
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    if change == "colour":
        was = colorsys.rgb_to_hls(*(value / 255 for value in shade))
        now = colorsys.hls_to_rgb((was[0] + pick.uniform(0.3, 0.7)) % 1, was[1], was[2])
        shade = (round(now[0] * 255), round(now[1] * 255), round(now[2] * 255))
    if ring:
        radius = min(width, height) * 0.11
        draw.ellipse(
            (width / 2 - radius, height / 2 - radius, width / 2 + radius, height / 2 + radius), shade, "black", 2
        )
    else:
        draw.rectangle((width * 0.42, height * 0.42, width * 0.58, height * 0.58), shade, "black", 2)
    draw.line([*corners, corners[0]], "black", 3, joint="curve")
    if change == "line":
        draw.line((corners[side], corners[(side + 2) % count] if count > 3 else (width / 2, height / 2)), "black", 3)
    for (x, y), letter in zip(corners, letters, strict=True):
        draw.text((x + (x - width / 2) * 0.14 - 7, y + (y - height / 2) * 0.14 - 9), letter, "black", font(size + 3))
    for place, length in enumerate(lengths):
        (x, y), (u, v) = corners[place], corners[(place + 1) % count]
        middle = ((x + u) / 2, (y + v) / 2)
        draw.text(
            (middle[0] + (middle[0] - width / 2) * 0.22 - 9, middle[1] + (middle[1] - height / 2) * 0.22 - 9),
            length, "black", font(size),
        )  # fmt: skip
    return picture


@cache
def _photographs() -> list[Image.Image]:
    """Parts of photographs that do not overlap: four of each."""
    parts = []
    for name in PHOTOGRAPHS:
        whole = Image.open(Path(skimage.__file__).parent / "data" / name).convert("RGB")
        whole.thumbnail((1400, 1400))
        half = (whole.width // 2, whole.height // 2)
        parts += [whole.crop((x, y, x + half[0], y + half[1])) for x in (0, half[0]) for y in (0, half[1])]
    return [
        part.resize((round(part.width * 520 / max(part.size)), round(part.height * 520 / max(part.size))))
        for part in parts
    ]


def photograph(seed: int, change: str = "") -> Image.Image:
    """A part of a real photograph under a light of its own; every second one is procedural: ground, sky and things upon it."""
    rng, pick = random.Random(f"photograph {seed}"), random.Random(f"change {seed} {change}")
    picture = _composed(seed, rng) if seed % 2 else _taken(seed, rng)
    if change == "object":
        side = round(min(picture.size) * pick.uniform(0.14, 0.24))
        left, top = (pick.randrange(round(length * 0.1), round(length * 0.9) - side) for length in picture.size)
        mask = Image.new("L", (side, side), 0)
        ImageDraw.Draw(mask).ellipse((1, 1, side - 2, side - 2), 255)
        thing = Image.new("RGB", (side, side), colour(pick, (0.35, 0.65)))
        ImageDraw.Draw(thing).rectangle((side // 4, side // 3, side * 3 // 4, side // 2), colour(pick, (0.1, 0.9)))
        picture.paste(thing, (left, top), mask.filter(ImageFilter.GaussianBlur(1)))
    return picture


def photograph_of(seed: int) -> int | None:
    """Which real photograph `photograph` takes a part of: seeds that share one are the same picture in another light; None of a procedural one."""
    return None if seed % 2 else seed // 2 * 7 % len(_photographs())


def _taken(seed: int, rng: random.Random) -> Image.Image:
    part = _photographs()[photograph_of(seed) or 0]
    width, height = (round(side * rng.uniform(0.75, 1)) for side in part.size)
    left, top = rng.randint(0, part.width - width), rng.randint(0, part.height - height)
    return ImageEnhance.Brightness(part.crop((left, top, left + width, top + height))).enhance(rng.uniform(0.85, 1.1))


def _composed(seed: int, rng: random.Random) -> Image.Image:
    noise, width, height = np.random.default_rng(seed), rng.choice((480, 560)), rng.choice((360, 420))
    picture = Image.new("RGB", (width, height))
    for octave in (4, 9, 20, 60, 160):
        layer = noise.integers(0, 255, (octave, octave, 3), dtype=np.uint8)
        rough = Image.fromarray(layer).resize((width, height), Image.Resampling.BICUBIC)
        picture = Image.blend(picture, rough, 0.55 if octave == 4 else 0.3)
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.randrange(3, 9)):
        x, y, wide, tall = rng.randrange(width), rng.randrange(height), rng.randrange(30, 120), rng.randrange(30, 120)
        shape = rng.choice((draw.ellipse, draw.rectangle))
        shape((x, y, x + wide, y + tall), colour(rng))
    return ImageEnhance.Contrast(picture.filter(ImageFilter.GaussianBlur(0.8))).enhance(1.4)


DRAWN: dict[str, tuple[Callable[..., Image.Image], tuple[str, ...]]] = {
    "photograph": (photograph, ("object",)),
    "chart": (chart, ("year", "label", "length", "colour")),
    "document": (document, ("line", "amount", "year")),
    "drawing": (drawing, ("line", "label", "length", "colour")),
}
"""What draws a picture of a kind, and the single things that it can change."""
