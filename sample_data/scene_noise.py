"""Reproducible randomness and smooth noise; numpy only.

Numbers come from the raw PCG64 bit stream, which numpy promises never to change (NEP 19);
its distributions carry no such promise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def uniforms(seed: int, count: int) -> Floats:
    """`count` numbers in [0, 1), the same on every platform and numpy version."""
    raw = np.atleast_1d(np.random.PCG64(seed).random_raw(count))
    return np.asarray((raw >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def bell_noise(shape: tuple[int, ...], seed: int) -> Floats:
    """Independent, nearly Gaussian values (four uniforms each), mean 0, standard deviation 1."""
    count = int(np.prod(shape))
    four = uniforms(seed, 4 * count).reshape(4, *shape)
    return np.asarray((four.sum(axis=0) - 2.0) * np.sqrt(3.0))


def spline_weights(length: int, cell_px: float, shift: float) -> Floats:
    """Cubic B-spline weights of lattice nodes for each pixel, shape (length, nodes)."""
    position = (np.arange(length) + 0.5) / cell_px + shift
    node = np.floor(position).astype(np.int64)
    t = position - node
    taps = (
        (1 - t) ** 3,
        3 * t**3 - 6 * t**2 + 4,
        -3 * t**3 + 3 * t**2 + 3 * t + 1,
        t**3,
    )
    weights = np.zeros((length, int(node[-1]) + 4))
    for k, tap in enumerate(taps):
        weights[np.arange(length), node + k] = tap / 6.0
    return weights


def fractal_noise(
    shape: tuple[int, int], cell_px: float, seed: int, octaves: int = 4, gain: float = 0.5
) -> Floats:
    """Smooth multi-octave noise, shape (H, W), mean 0, standard deviation 1.

    Args:
        shape: (height, width) in pixels.
        cell_px: size of the coarsest bumps; each octave halves it.
        seed: the stream; another seed, another field.
        octaves: how many halvings are summed.
        gain: amplitude of an octave relative to the one before.
    """
    total = np.zeros(shape)
    for octave in range(octaves):
        cell = cell_px / 2**octave
        shift = uniforms(seed + 7919 * (octave + 1), 2)
        rows = spline_weights(shape[0], cell, float(shift[0]))
        columns = spline_weights(shape[1], cell, float(shift[1]))
        nodes = bell_noise((rows.shape[1], columns.shape[1]), seed + 104729 * (octave + 1))
        total += gain**octave * (rows @ nodes @ columns.T)
    return np.asarray((total - total.mean()) / total.std())


def blur(image: Floats, radius_px: int, passes: int = 2) -> Floats:
    """Repeated box blur of an (H, W) image with mirrored edges; about Gaussian."""
    size = 2 * radius_px + 1
    for _ in range(passes):
        for axis in (0, 1):
            pad = [(0, 0), (0, 0)]
            pad[axis] = (radius_px + 1, radius_px)
            sums = np.cumsum(np.pad(image, pad, mode="symmetric"), axis=axis)
            ahead = np.take(sums, np.arange(size, sums.shape[axis]), axis=axis)
            behind = np.take(sums, np.arange(sums.shape[axis] - size), axis=axis)
            image = (ahead - behind) / size
    return image


def mixed_bits(*keys: NDArray[np.int64] | int) -> NDArray[np.uint64]:
    """A well-stirred 64-bit hash of whole-number arrays, element by element (splitmix64)."""
    state = np.asarray(np.uint64(0x9E3779B97F4A7C15))
    with np.errstate(over="ignore"):
        for key in keys:
            state = (state ^ np.asarray(key).astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31))
    return state


def hashed_share(*keys: NDArray[np.int64] | int) -> Floats:
    """Hash of whole-number arrays as numbers in [0, 1)."""
    return np.asarray((mixed_bits(*keys) >> np.uint64(11)) * 2.0**-53, dtype=np.float64)
