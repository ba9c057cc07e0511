#!/usr/bin/env python3
"""Writes reduce_vectors.json: what numpy says of small arrays, for the tests of the `reduce` module. Needs numpy.

    python make_reduce_vectors.py > reduce_vectors.json

Every case: dtype, fill (null for none), pixels, and the figures of the valid pixels in float64. Floats are written as
text, the shortest that reads back as the same float64; not every JSON reader rounds a number rightly. `mean` and `std` are computed in exact fractions and rounded once; numpy's own, which round at
every step, must agree with them as far as float64 sums of such pixels can.
"""

import json
import math
from fractions import Fraction

import numpy

random = numpy.random.default_rng(16)


def written(value):
    return None if value is None else repr(float(value))


def case(name, pixels, fill=None):
    kept = pixels[numpy.isfinite(pixels.astype("f8"))]
    if fill is not None:
        kept = kept[kept != pixels.dtype.type(fill)]
    kept = kept.astype("f8")
    figures = {"mean": None, "std": None, "min": None, "max": None}
    if kept.size:
        exact = [Fraction(float(pixel)) for pixel in kept]
        mean = sum(exact) / len(exact)
        variance = sum((pixel - mean) ** 2 for pixel in exact) / len(exact)
        figures = {
            "mean": float(mean),
            "std": math.sqrt(variance),
            "min": float(kept.min()),
            "max": float(kept.max()),
        }
        slack = float(abs(kept).max()) * 1e-15 * kept.size
        assert numpy.isclose(figures["mean"], kept.mean(), rtol=1e-12, atol=slack), name
        assert numpy.isclose(figures["std"], kept.std(), rtol=1e-9, atol=slack), name
    return {
        "name": name, "dtype": pixels.dtype.name, "fill": fill, "pixels": [written(pixel) for pixel in pixels],
        "n_total": int(pixels.size), "n_valid": int(kept.size),
        **{figure: written(value) for figure, value in figures.items()},
    }


def gamma0(count):
    """Backscatter as it is: gamma distributed, a factor of ten thousand between dark and bright, a few nodata."""
    pixels = (random.gamma(4.0, 0.02, count) * 10 ** random.uniform(-2, 2, count)).astype("f4")
    pixels[random.integers(0, count, count // 8)] = numpy.nan
    return pixels


def main():
    cases = [
        case("gamma0", gamma0(120)),
        case("gamma0 with fill", numpy.append(gamma0(40), numpy.float32(-9999)), -9999.0),
        case("infinities are nodata", numpy.array([1.0, numpy.inf, 2.0, -numpy.inf, 6.0], "f4")),
        case("all NaN", numpy.full(9, numpy.nan, "f4")),
        case("empty", numpy.array([], "f4")),
        case("one pixel", numpy.array([0.07500407099723816], "f4")),
        case("equal pixels", numpy.full(37, 0.1, "f4")),
        case("large offset", (1e8 + random.normal(0, 1.0, 60)).astype("f8")),
        case("cancelling", numpy.array([1e16, 1.0, -1e16, 1e-8, 3.0], "f8")),
        case("tiny and huge", numpy.array([1e-38, 3e38, 2e38, 1e-30], "f4")),
        case("mask", random.choice(numpy.array([0, 1, 2, 255], "u1"), 50), 255.0),
        case("looks", random.integers(-30000, 30000, 40).astype("i2")),
        case("counts", random.integers(0, 2**32, 30).astype("u4"), 65535.0),
    ]
    print(json.dumps(cases, separators=(",", ":")))


if __name__ == "__main__":
    main()
