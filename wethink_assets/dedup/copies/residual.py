"""Residual of two pictures that lie on each other: what is left of their difference once light and sharpness are matched, place by place.

One robust gain and offset matches the light, a filter of 5 x 5 the sharpness and what is left of a shift. What remains is held against the structure
around it, in windows of a letter's size, so that a digit counts on a page and noise does not on a lawn.
"""

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from wethink_assets.dedup.copies.pixels import Bools, Floats, Pixels, grey_of

LETTER = 2.5
"""Standard deviation, in pixels, of the window in which a difference counts: about a letter of a page at a long side of 640."""
LEAST_PLACES = 400
"""Pixels that must lie on each other for a residual to say anything."""
RADIUS = 2
SAMPLED_SIDE = 90
"""Pixels a side at which the filter is fitted."""
LIT_SIDE = 90
"""Pixels of the longer side at which light is matched."""
LEVEL, FAR = 16, 12
"""Values that are one level of brightness; values beyond which an error is as bad as any."""
LIFTS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Quantiles of what values were multiplied by, each where a fit begins: noise on white paper outnumbers a coloured thing."""
UNCHANGED_FIRST, CHANGE = 0.1, 2.0
"""Mean error that a change of light must save to be taken: any change, and one by a gain of 1 or an offset of 255."""
PEAK = 12
"""The largest residual is that which so many pixels reach: fewer are noise."""
GREY_SPREAD = 10
"""Values that channels of a grey picture differ by, at most."""
COLOUR_FLOOR = 14.0**2


@dataclass(frozen=True, slots=True)
class Residual:
    """What two pictures that lie on each other differ in.

    typical: residual over structure, its median where there is structure; largest: the same at the worst place; share: of the places above 0.5;
    gain, offset: of the light, in values of 0 to 255; one_is_grey: only one of the two has colours; colour: difference of colours over colour at the
    worst place; recoloured: share of the places where that is above 0.5.
    """

    typical: float
    largest: float
    share: float
    gain: float
    offset: float
    one_is_grey: bool
    colour: float
    recoloured: float


def residual(first: Pixels, second: Pixels, overlap: Bools, enough: float) -> Residual:
    """Residual of two RGB pictures of one size where both show something: the one with more detail predicts the other.

    enough: a largest residual above which the other prediction is tried too, since clipped light hides detail.
    """
    if overlap.sum() < LEAST_PLACES:
        return Residual(9.0, 9.0, 1.0, 1.0, 0.0, False, 0.0, 0.0)
    detail = [float(cv2.Laplacian(grey_of(picture), cv2.CV_16S)[overlap].std()) for picture in (first, second)]
    one, other = (first, second) if detail[0] >= detail[1] else (second, first)
    found = _predicting(one, other, overlap)
    return (
        found
        if found.largest <= enough
        else min((found, _predicting(other, one, overlap)), key=lambda each: each.largest)
    )


def _predicting(source: Pixels, target: Pixels, overlap: Bools) -> Residual:
    gain, offset, one_is_grey = _light(source, target, overlap)
    lit = np.clip(source * np.float32(gain) + np.float32(offset), 0, 255).astype(np.uint8)
    wanted = grey_of(target).astype(np.float32)
    predicted = _sharpened(grey_of(lit).astype(np.float32), wanted, overlap)
    typical, largest, share = _local(predicted, wanted, overlap)
    colour, recoloured = (0.0, 0.0) if one_is_grey else _colours(lit, target, overlap)
    return Residual(typical, largest, share, gain, offset, one_is_grey, colour, recoloured)


def _light(source: Pixels, target: Pixels, overlap: Bools) -> tuple[float, float, bool]:
    """Gain and offset of values, one for all channels, that leave the least error; whether only one of the two has colours.

    Where both are clipped at one end there is nothing to learn. The fit starts from no change at all and keeps the best that it saw, so that a
    recoloured thing on white paper does not count as light.
    """
    step = max(1, max(overlap.shape) // LIT_SIDE)
    places = (
        slice(step // 2, None, step),
        slice(step // 2, None, step),
    )  # no means: across an edge they hold clipped light
    inside = overlap[places]
    both = [picture[places] for picture in (source, target)]
    edge = np.maximum(
        *(
            cv2.morphologyEx(grey_of(picture), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))[places]
            for picture in (source, target)
        )
    )
    flat = 1 / (1 + (edge[inside].astype(np.float32) / LEVEL) ** 2)
    spreads = [float(np.percentile(_spread(picture[inside]), 99.8)) for picture in both]
    if min(spreads) < GREY_SPREAD:
        both = [grey_of(np.ascontiguousarray(picture))[..., None] for picture in both]
    values, wanted = (picture[inside].astype(np.float32) for picture in both)
    level = (_mean(values) / LEVEL).astype(np.int64)
    share = flat / np.sqrt(np.bincount(level))[level]  # black lines count beside white paper
    share /= share.sum()
    free = _between(values, wanted)
    lifted = (wanted / np.maximum(values, 1))[(values > 30) & (free == 1)]
    gains = np.quantile(lifted, LIFTS).tolist() if len(lifted) else []
    best = (np.inf, 1.0, 0.0)
    for gain, offset in ((1.0, 0.0), _line(values, wanted, share[:, None] * free), *((gain, 0.0) for gain in gains)):
        for _ in range(4):
            reached = np.clip(gain * values + offset, 0, 255)
            error = _largest(np.abs(reached - wanted))  # a pixel fits in all channels or not at all
            prior = CHANGE * (abs(gain - 1) + abs(offset) / 255) + UNCHANGED_FIRST * (abs(gain - 1) > 0.02)
            best = min(best, (float(share @ np.minimum(error, FAR)) + prior, gain, offset))
            weight = (share / np.maximum(1, error / 4) ** 2)[:, None] * _between(reached, wanted)
            gain, offset = _line(values, wanted, weight)
    return best[1], best[2], bool(min(spreads) < GREY_SPREAD and max(spreads) > 2 * GREY_SPREAD)


def _largest(values: Floats) -> Floats:
    """The largest of few columns: a tenth of the time that numpy takes along the axis."""
    return functools.reduce(np.maximum, values.T)


def _mean(values: Floats) -> Floats:
    """The mean of few columns, to the bit as numpy has it along the axis."""
    return np.asarray(functools.reduce(np.add, values.T) / np.float32(values.shape[1]))


def _spread(values: Pixels) -> Pixels:
    """The largest of few columns less the least."""
    return np.asarray(functools.reduce(np.maximum, values.T) - functools.reduce(np.minimum, values.T))


def _between(reached: Floats, wanted: Floats) -> Floats:
    """Weights: little where both are clipped at one end."""
    clipped = (reached > 251) & (wanted > 251) | (reached < 4) & (wanted < 4)
    return np.where(clipped, np.float32(0.02), np.float32(1))


def _line(values: Floats, wanted: Floats, weight: Floats) -> tuple[float, float]:
    """Gain and offset by weighted least squares."""
    total = float(weight.sum()) + 1e-12
    mean, wanted_mean = float((weight * values).sum()) / total, float((weight * wanted).sum()) / total
    apart = weight * (values - mean)
    variance = float((apart * (values - mean)).sum()) / total
    gain = float((apart * (wanted - wanted_mean)).sum()) / total / variance if variance > 1 else 1.0
    return gain, wanted_mean - gain * mean


def _sharpened(source: Floats, target: Floats, overlap: Bools) -> Floats:
    """The source through the filter of 5 x 5 with an offset that makes it most like the target, by robust least squares."""
    width, step = 2 * RADIUS + 1, max(1, int(source.size**0.5 // SAMPLED_SIDE))
    windows = np.lib.stride_tricks.sliding_window_view(source, (width, width))[::step, ::step]
    terms = np.concatenate([windows.reshape(-1, width * width), np.ones((windows[..., 0, 0].size, 1), np.float32)], 1)
    cut = slice(RADIUS, -RADIUS)
    wanted = target[cut, cut][::step, ::step].ravel()
    inside = overlap[cut, cut][::step, ::step].ravel().astype(np.float32)
    weight, solved = inside, np.zeros(width * width + 1, np.float32)
    for _ in range(3):
        weighted = terms * weight[:, None]
        normal = (weighted.T @ terms).astype(np.float64)
        normal[np.diag_indices(width * width)] += 1e-3 * normal[0, 0] + 1e-6
        solved = np.linalg.solve(normal, (wanted @ weighted).astype(np.float64)).astype(np.float32)
        reached = terms @ solved
        clipped = (reached > 253) & (wanted > 250) | (reached < 2) & (wanted < 5)
        weight = (
            inside * np.where(clipped, np.float32(0.05), np.float32(1)) / np.maximum(1, np.abs(reached - wanted) / 12)
        )
    kernel, offset = solved[:-1].reshape(width, width), float(solved[-1])
    predicted = cv2.filter2D(source, -1, kernel, borderType=cv2.BORDER_REPLICATE) + np.float32(offset)
    return np.asarray(np.clip(predicted, 0, 255), np.float32)


def _local(predicted: Floats, target: Floats, overlap: Bools) -> tuple[float, float, float]:
    """Residual over structure in windows of a letter's size: typical, largest, share of the places above 0.5.

    Half a block of JPEG along the edge of the overlap is left out: a frame rings into it.
    """
    inside = overlap.astype(np.float32)
    count = _window(inside) + 1e-6
    error = _window((predicted - target) ** 2 * inside) / count
    structure = sum(_variance(picture, inside, count) for picture in (predicted, target)) / 2
    interior = cv2.erode(overlap.astype(np.uint8), np.ones((9, 9), np.uint8), borderValue=0) > 0
    if interior.sum() < LEAST_PLACES:
        return 9.0, 9.0, 1.0
    floor = float(np.clip(6 * np.median(error[interior][::7]), 64, 600))
    relative = error / (structure + floor)
    strong = interior & (structure > 3 * floor)
    values = relative[interior]
    typical = float(np.median(relative[strong] if strong.sum() > 50 else values))
    return typical, _peak(values), float((values > 0.5).mean())


def _variance(picture: Floats, inside: Floats, count: Floats) -> Floats:
    return np.maximum(_window(picture * picture * inside) / count - (_window(picture * inside) / count) ** 2, 0)


def _window(values: Floats, size: float = LETTER) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), size), np.float32)


def _peak(values: Floats) -> float:
    """The value that `PEAK` of them reach."""
    high = values[values > values.max() / 2]
    high = high if len(high) >= PEAK else values
    return float(np.partition(high, -PEAK)[-PEAK])


def _colours(first: Pixels, second: Pixels, overlap: Bools) -> tuple[float, float]:
    """Difference of colours over colour in windows of about eight pixels: the largest, and the share of the places where it is above 0.5.

    At half size, as most files keep colours, and away from the edge of the overlap, over which files smear them.
    """
    size = (max(1, overlap.shape[1] // 2), max(1, overlap.shape[0] // 2))
    whole = cv2.resize(overlap.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    inner = cv2.erode(whole, np.ones((9, 9), np.uint8), borderValue=0) > 0
    if inner.sum() < PEAK:
        return 0.0, 0.0
    inside = (whole > 0).astype(np.float32)[..., None]
    one, other = (
        cv2.GaussianBlur(_chroma(cv2.resize(each, size, interpolation=cv2.INTER_AREA)) * inside, (0, 0), 1.5)
        for each in (first, second)
    )
    strength = (_length(one) + _length(other)) / 2
    relative = (_length(one - other) / (strength + COLOUR_FLOOR))[inner]
    return _peak(relative), float((relative > 0.5).mean())


def _length(chroma: Floats) -> Floats:
    """Squared length of two colours a pixel."""
    return np.asarray(chroma[..., 0] ** 2 + chroma[..., 1] ** 2)


def _chroma(picture: Pixels) -> Floats:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)[..., 1:].astype(np.float32) - 128)
