"""Write the colour maps that no Go library has, and what the tests compare all maps with.

    python scripts/colour_maps.py report

writes report/colourmaps.txt, matplotlib's perceptual maps (CC0) with 256 colours each,
and report/testdata/colourmaps.txt, 64 colours of every map by which figures may be drawn.
"""

import pathlib
import sys

import matplotlib
import numpy as np

PERCEPTUAL = "viridis plasma inferno magma cividis".split()
BREWER = """Blues BuGn BuPu GnBu Greens Greys OrRd Oranges PuBu PuBuGn PuRd Purples RdPu Reds YlGn YlGnBu YlOrBr YlOrRd
    BrBG PRGn PiYG PuOr RdBu RdGy RdYlBu RdYlGn Spectral""".split()


def colours(name, at):
    """The colours of a map at numbers from 0 to 1, as hexadecimal digits behind its name."""
    return f"{name} {matplotlib.colormaps[name](at, bytes=True)[:, :3].tobytes().hex()}\n"


def main(folder):
    whole = np.arange(256) / 255
    (folder / "colourmaps.txt").write_text("".join(colours(n, whole) for n in PERCEPTUAL))
    some = np.arange(64) / 63
    names = PERCEPTUAL + BREWER + ["RdYlBu_r", "plasma_r"]
    (folder / "testdata" / "colourmaps.txt").write_text("".join(colours(n, some) for n in names))


main(pathlib.Path(sys.argv[1]))
