"""CIFAR and Tiny ImageNet as they are laid out officially, small and with images of noise."""

import io
import pickle
import zipfile

import numpy as np
from PIL import Image

TOP_FOLDER = "tiny-imagenet-200"
ZIP = f"{TOP_FOLDER}.zip"


def cifar_batch(release, seed, images=12, **changes):
    """What one of the release's batch files holds."""
    generator = np.random.default_rng(seed)
    labels = (np.arange(images) % len(release.classes)).tolist()
    data = generator.integers(0, 256, (images, 3072), dtype=np.uint8)
    return {b"data": data, release.label_key: labels} | changes


def cifar_files(release, images=12, protocol=2) -> dict[str, bytes]:
    """The release's files, each batch of that many images."""
    files = {name: cifar_batch(release, seed, images) for seed, name in enumerate((*release.train, *release.test))}
    files[release.meta] = {release.names_key: [name.encode() for name in release.classes]}
    return {name: pickle.dumps(content, protocol=protocol) for name, content in files.items()}


def jpeg(generator, mode="RGB") -> bytes:
    shape = (64, 64, 3) if mode == "RGB" else (64, 64)
    buffer = io.BytesIO()
    Image.fromarray(generator.integers(0, 256, shape, dtype=np.uint8), mode).save(buffer, "JPEG")
    return buffer.getvalue()


def tiny_imagenet_files(words: dict[str, str], train=3, test=2) -> dict[str, bytes]:
    """Tiny ImageNet's files below its top folder, so many images of each class, the second one grey.

    `words` are the classes in the order of wnids.txt, and what words.txt calls them.
    """
    generator, files, annotations = np.random.default_rng(0), {}, []
    for wnid in sorted(words):
        for number in range(train):
            files[f"train/{wnid}/images/{wnid}_{number}.JPEG"] = jpeg(generator, "L" if number == 1 else "RGB")
        files[f"train/{wnid}/{wnid}_boxes.txt"] = f"{wnid}_0.JPEG\t0\t0\t9\t9\n".encode()
    for number, wnid in enumerate(list(words) * test):
        files[f"val/images/val_{number}.JPEG"] = jpeg(generator)
        annotations.append(f"val_{number}.JPEG\t{wnid}\t0\t0\t9\t9\n")
    files["test/images/test_0.JPEG"] = jpeg(generator)
    known = sorted((words | {"n99": "not in it"}).items())
    texts = {
        "wnids.txt": "".join(f"{wnid}\n" for wnid in words),
        "words.txt": "".join(f"{wnid}\t{said}\n" for wnid, said in known),
        "val/val_annotations.txt": "".join(annotations),
    }
    return files | {name: text.encode() for name, text in texts.items()}


def tiny_imagenet_zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.mkdir(TOP_FOLDER)
        for name, content in files.items():
            archive.writestr(f"{TOP_FOLDER}/{name}", content)
    return buffer.getvalue()


def put(files, folder) -> None:
    """Write them below the folder, by their relative paths."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
