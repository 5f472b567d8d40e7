"""A user's own images in class folders, plain or inside an archive, read in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal

from ceteris.data.cache import Arrays, Space, cached_rows, remembered
from ceteris.data.conversions import conversion_notes
from ceteris.data.decoding import decode_images
from ceteris.data.duplicates import duplicate_notes
from ceteris.data.image_tree import ImageTree, Listing
from ceteris.data.layout import Layout, find_layout
from ceteris.data.source import DataPlace, Dataset, DataSource, dataset_of
from ceteris.data.twins import twin_note, twins
from ceteris.errors import InputError, Problem
from ceteris.registry import Location, register
from ceteris.study.keys import sha256_of_json
from ceteris.study.record import DataFacts

DECODING = 1
"""Raised whenever the same files would decode to other pixels."""
TWINS = 1
"""Raised whenever other pairs would be found."""
SIZES = (4, 1024)


@register("data")
def folder(
    place: DataPlace, *, path: Location, size: int = 32, channels: Literal[1, 3] = 3, test: float = 0.2
) -> DataSource:
    """Your own images: a folder per class, plain or in a zip or tar archive.

    Either `train/<class>/*` and `test/<class>/*` (or `val/`), or `<class>/*`. PNG, JPEG, BMP, GIF, WebP, TIFF.

    Args:
        path: of the folder or archive; relative to the data folder, `~` is your home.
        size: of the images, 4 to 1024 pixels: the shorter side is resized to it, the centre square kept.
        channels: 3 for colour, 1 for grey.
        test: share of every class for testing, where there is no test folder; the division is fixed.

    Raises InputError for values outside these ranges.
    """
    problems = []
    if not SIZES[0] <= size <= SIZES[1]:
        problems.append(Problem(f"folder: size must be {SIZES[0]} to {SIZES[1]} pixels, not {size}", "size"))
    if not 0 < test < 1:
        problems.append(Problem(f"folder: test must lie between 0 and 1, not {test}", "test"))
    if problems:
        raise InputError(*problems)
    return Folder(place, place.data_dir / Path(path).expanduser(), size, channels, test)


@dataclass(frozen=True)
class Folder:
    """Class folders at `path`, and how their images are read."""

    place: DataPlace
    path: Path
    size: int
    channels: int
    test: float

    def facts(self) -> DataFacts:
        """Reads every file once to hash it; later only names, sizes and times, while those stay the same."""
        listing, layout = self._found
        counts = len(layout.train), len(layout.test)
        fingerprint = sha256_of_json({"data": "folder", "files": sorted(listing.images.items())})
        notes = layout.notes + _other_kinds(listing) + conversion_notes(listing.converted)
        notes += duplicate_notes(layout, listing.images)
        return DataFacts("folder", fingerprint, True, layout.classes, self.size, self.channels, *counts, notes)

    def load(self) -> Dataset:
        """Decode all images, or map them from the cache; notes then name test images that are nearly in training, too.

        Raises InputError that names those that are broken.
        """
        facts = self.facts()
        identity = {
            "fingerprint": facts.fingerprint, "decoding": DECODING,
            "size": self.size, "channels": self.channels, "test": self.test,
        }  # fmt: skip
        data = dataset_of(facts, cached_rows(self.place.cache_dir, identity, self._decode))
        found = remembered(self.place.cache_dir, {"twins": TWINS, **identity}, lambda: self._twins(data))
        return replace(data, facts=replace(facts, notes=facts.notes + tuple(found["notes"])))

    @property
    def converted(self) -> Mapping[str, str]:
        """Path -> one of `ceteris.data.conversions.CONVERSIONS`, of every image that is not plain."""
        return self._found[0].converted

    def _twins(self, data: Dataset) -> dict[str, list[str]]:
        """Those that are not known by their bytes already."""
        listing, layout = self._found
        trained = {listing.images[name] for name, _ in layout.train}
        found = [
            (image, other)
            for image, other in twins(data.train, data.test)
            if listing.images[layout.test[image][0]] not in trained
        ]
        names = [[name for name, _ in images] for images in (layout.test, layout.train)]
        return {"notes": list(twin_note(found, len(layout.test), names[0].__getitem__, names[1].__getitem__))}

    @cached_property
    def _found(self) -> tuple[Listing, Layout]:
        listing = ImageTree(self.path).listing(self.place.cache_dir, self.place.progress)
        return listing, find_layout(listing.images, self.test, str(self.path))

    def _decode(self, space: Space) -> Arrays:
        listing, layout = self._found
        return decode_images(
            layout,
            ImageTree(self.path).files(),
            listing.images,
            space=space,
            size=self.size,
            channels=self.channels,
            where=str(self.path),
            progress=self.place.progress,
        )


def _other_kinds(listing: Listing) -> tuple[str, ...]:
    kinds = sorted({PurePosixPath(name).suffix or PurePosixPath(name).name for name in listing.others})
    return (f"{len(listing.others)} files that are no images are not used ({', '.join(kinds[:5])})",) if kinds else ()
