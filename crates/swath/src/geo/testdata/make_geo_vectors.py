#!/usr/bin/env python3
"""Writes geo_vectors.json: what pyproj, rasterio and rioxarray say, for the tests of the `geo` module.

Needs pyproj, rasterio, rioxarray, numpy. Same seed, same file:

    python make_geo_vectors.py > geo_vectors.json

Contents
  versions   of the libraries that said so
  points     per EPSG code: [lon, lat, x, y] by pyproj
  forward    [epsg, [west, south, east, north], [min_x, min_y, max_x, max_y]] by rasterio.warp.transform_bounds
  inverse    [epsg, [min_x, min_y, max_x, max_y], [west, south, east, north]] by the same
  grids      per grid: EPSG code, axes, and cases
             lonlat     [box, window or null] by rioxarray's clip_box(crs="EPSG:4326")
             wide       the same, for boxes far wider than the grid
             edge       the same, for boxes whose edges were computed to lie on edges or centres of pixels
             projected  [bounds, window or null] by clip_box without a crs, edges exactly on edges and centres
"""

import json
import warnings

import numpy
import pyproj
import rasterio
import rasterio.warp
import rioxarray
import xarray
from rioxarray.exceptions import NoDataInBounds

warnings.filterwarnings("ignore")
random = numpy.random.default_rng(20251122)


def lonlat_to(epsg):
    return pyproj.Transformer.from_crs(4326, epsg, always_xy=True)


def points(epsg, lons, lats, count=12):
    transformer = lonlat_to(epsg)
    found = []
    for _ in range(count):
        lon, lat = round(random.uniform(*lons), 6), round(random.uniform(*lats), 6)
        x, y = transformer.transform(lon, lat)
        found.append([lon, lat, x, y])
    return found


def all_points():
    """Points over each system's area of use, and a bit beyond for UTM."""
    areas = {
        32637: ((34, 44), (0, 84)),
        32601: ((-180, -174), (0, 84)),
        32660: ((172, 180), (0, 84)),
        32630: ((-6, 0), (0, 84)),
        32733: ((12, 18), (-80, 0)),
        32760: ((174, 180), (-80, 0)),
        3031: ((-180, 180), (-90, -60)),
        3413: ((-180, 180), (60, 90)),
        3995: ((-180, 180), (60, 90)),
        32661: ((-180, 180), (60, 90)),
        32761: ((-180, 180), (-90, -60)),
        6933: ((-180, 180), (-86, 86)),
        3857: ((-180, 180), (-85, 85)),
        4326: ((-180, 180), (-90, 90)),
    }
    found = {str(epsg): points(epsg, *area) for epsg, area in areas.items()}
    # The pole itself, the central meridian, and the antimeridian.
    for epsg, lon, lat in [
        (3413, 0, 90), (3413, -45, 70), (3413, 180, 75), (3031, 0, -90), (3031, -180, -71), (3995, 77, 90),
        (32661, 10, 90), (32761, 0, -90), (32637, 39, 0), (32733, 15, 0), (6933, 180, 0), (3857, -180, 0),
    ]:
        found[str(epsg)].append([lon, lat, *lonlat_to(epsg).transform(lon, lat)])
    return found


def forward_bounds():
    boxes = [
        (32637, [40.8463, 13.2553, 40.8574, 13.2684]),   # the cookbook's box
        (32637, [36, 0, 42, 84]),                        # a whole zone
        (32637, [35.9, 10, 42.1, 12]),                   # over both edges of the zone
        (32637, [30, -5, 48, 70]),
        (32637, [41.9999, 20, 42.0001, 20.0002]),
        (32637, [40, 13, 40, 13]),                       # a point
        (32660, [179, 10, -179, 12]),                    # across the antimeridian
        (32601, [179, 60, -178, 66]),
        (32733, [12, -80, 18, 0]),
        (32733, [14, -1, 16, 1]),                        # across the equator
        (3413, [-180, 60, 180, 90]),                     # all of it, pole inside
        (3413, [-60, 80, 30, 90]),                       # to the pole
        (3413, [170, 70, -170, 75]),                     # across the antimeridian
        (3413, [-50, 68, -40, 72]),
        (3413, [100, 65, -100, 88]),
        (3031, [-180, -90, 180, -60]),
        (3031, [-10, -90, 10, -89]),
        (3031, [160, -78, -160, -70]),
        (3031, [-75, -76, -60, -66]),
        (3995, [-180, 85, 180, 90]),
        (3995, [20, 66, 60, 82]),
        (32661, [-30, 84, 60, 90]),
        (32661, [150, 85, -150, 89]),
        (32761, [-180, -90, 180, -80]),
        (32761, [0, -88, 90, -82]),
        (6933, [-180, -80, 180, 80]),
        (6933, [-20.5, -10, 51, 37]),
        (3857, [-10, 35, 30, 60]),
        (3857, [179, -20, 180, -10]),
        (4326, [40.8463, 13.2553, 40.8574, 13.2684]),
    ]
    return [[epsg, box, list(rasterio.warp.transform_bounds("EPSG:4326", f"EPSG:{epsg}", *box))] for epsg, box in boxes]


def inverse_bounds():
    boxes = [
        (32637, [604080, 1254240, 945360, 1588320]),
        (32601, [200000, 6600000, 600000, 7000000]),     # reaches over the antimeridian
        (32733, [300000, 7000000, 700000, 9000000]),
        (3413, [-500000, -400000, 600000, 700000]),      # pole inside
        (3413, [-1600000, 900000, -1200000, 1700000]),   # across the antimeridian
        (3413, [200000, -2400000, 500000, -2000000]),
        (3031, [-300000, -300000, 300000, 300000]),
        (3031, [-200000, -1500000, 200000, -1200000]),   # across the antimeridian
        (3031, [1000000, 200000, 1300000, 500000]),
        (32661, [1900000, 1900000, 2100000, 2100000]),
        (6933, [-1000000, 2000000, 3000000, 5000000]),
        (3857, [0, 5000000, 1000000, 6000000]),
    ]
    return [[epsg, box, list(rasterio.warp.transform_bounds(f"EPSG:{epsg}", "EPSG:4326", *box))] for epsg, box in boxes]


# Boxes far wider than any grid: much of their edges is beyond what a map projection can show.
WIDE = [[-180, -90, 180, 90], [-180, 0, 180, 90], [0, 0, 90, 60], [-20, -30, 100, 80], [20, -60, 160, -10]]


class Grid:
    def __init__(self, epsg, left, top, step, rows, cols):
        self.epsg, self.step, self.rows, self.cols = epsg, step, rows, cols
        self.x = (left + step / 2) + step * numpy.arange(cols)
        self.y = (top - step / 2) - step * numpy.arange(rows)
        pixels = numpy.broadcast_to(numpy.zeros((), "u1"), (rows, cols))
        array = xarray.DataArray(pixels, dims=("y", "x"), coords={"y": self.y, "x": self.x})
        self.array = array.rio.write_crs(epsg)
        self.to_lonlat = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True)

    def window(self, box, **crs):
        try:
            cut = self.array.rio.clip_box(*box, allow_one_dimensional_raster=True, **crs)
        except (NoDataInBounds, rasterio.errors.WindowError):
            return None
        row, col = (int(numpy.flatnonzero(axis == float(cut[name][0]))[0]) for name, axis in (("y", self.y), ("x", self.x)))
        return [row, col, cut.sizes["y"], cut.sizes["x"]]

    def lonlat(self, box):
        return [box, self.window(box, crs="EPSG:4326")]

    def random_box(self):
        """A box of some size about a pixel of the grid or near it, in longitude and latitude, 5 decimals."""
        row, col = random.uniform(-0.1, 1.1) * self.rows, random.uniform(-0.1, 1.1) * self.cols
        lon, lat = self.to_lonlat.transform(self.x[0] + col * self.step, self.y[0] - row * self.step)
        height, width = 10 ** random.uniform(-5, 0.3, 2)
        east = lon + width if lon + width <= 180 else lon + width - 360
        return [round(value, 5) for value in (lon, max(lat - height, -90.0), east, lat)]

    def random_cells(self):
        """Rows and columns of a small block, on edges of pixels or on centres."""
        row, col = random.integers(0, self.rows - 8), random.integers(0, self.cols - 8)
        height, width = random.integers(0, 8, 2)
        shift = random.choice([0.0, 0.5])
        return float(row + shift), float(col + shift), int(height), int(width)

    def exact_bounds(self):
        row, col, height, width = self.random_cells()
        left, top = self.x[0] - self.step / 2, self.y[0] + self.step / 2
        return [left + col * self.step, top - (row + height) * self.step, left + (col + width) * self.step, top - row * self.step]

    def edge_box(self):
        """The longitude of two columns' edges and the latitude of two rows' edges, seen from the block's corner."""
        min_x, min_y, max_x, max_y = self.exact_bounds()
        west, south = self.to_lonlat.transform(min_x, min_y)
        east, north = self.to_lonlat.transform(max_x, max_y)
        return [west, min(south, north), east, max(south, north)]

    def cases(self, boxes):
        return {
            "epsg": self.epsg,
            "x": [self.x[0], self.x[-1], self.cols, self.step],
            "y": [self.y[0], self.y[-1], self.rows, -self.step],
            "lonlat": [self.lonlat(box) for box in boxes + [self.random_box() for _ in range(36)]],
            "wide": [self.lonlat(box) for box in WIDE],
            "edge": [self.lonlat(self.edge_box()) for _ in range(8)],
            "projected": [[box, self.window(box)] for box in (self.exact_bounds() for _ in range(16))],
        }


def all_grids():
    return [
        # The cookbook's granule, frequency A and B.
        Grid(32637, 604080.0, 1588320.0, 20.0, 16704, 17064).cases([[40.8463, 13.2553, 40.8574, 13.2684], [40, 13, 40, 13], [0, 0, 1, 1]]),
        Grid(32637, 604080.0, 1588320.0, 80.0, 4176, 4266).cases([[40.8463, 13.2553, 40.8574, 13.2684], [13.2553, 40.8463, 13.2684, 40.8574]]),
        Grid(3413, -360000.0, -2000160.0, 20.0, 3000, 2500).cases([[-60, 60, -30, 80]]),
        Grid(3031, -200000.0, 300000.0, 100.0, 5000, 4000).cases([[-10, -90, 10, -89], [-180, -90, 180, -88.5], [170, -88, -170, -87.5]]),
        Grid(6933, 3500000.0, 2100000.0, 200.0, 900, 1100).cases([[40.8463, 13.2553, 40.8574, 13.2684]]),
        Grid(4326, 40.25, 13.75, 0.0001, 5000, 8000).cases([[40.25, 13.25, 41.05, 13.75], [40.8463, 13.2553, 40.8574, 13.2684]]),
        # Across the equator, in the southern numbering.
        Grid(32733, 300010.0, 9000030.0, 10.0, 12000, 9000).cases([]),
    ]


def written(value):
    """Floats as text, the shortest that reads back as the same; not every JSON reader rounds a number rightly."""
    if isinstance(value, dict):
        return {name: written(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [written(inner) for inner in value]
    return repr(float(value)) if isinstance(value, float) else value


def main():
    print(json.dumps(written({
        "versions": {
            "pyproj": pyproj.__version__, "pyproj_proj": pyproj.proj_version_str, "rasterio": rasterio.__version__,
            "gdal": rasterio.__gdal_version__, "rasterio_proj": rasterio.__proj_version__,
            "rioxarray": rioxarray.__version__, "numpy": numpy.__version__,
        },
        "points": all_points(),
        "forward": forward_bounds(),
        "inverse": inverse_bounds(),
        "grids": all_grids(),
    }), separators=(",", ":")))


if __name__ == "__main__":
    main()
