"""The official Tiny ImageNet (Stanford CS231n, 2015): where it is, what it must be, its classes."""

from __future__ import annotations

from dataclasses import dataclass

from ceteris.data.download import Remote


@dataclass(frozen=True)
class Release:
    """An archive in Tiny ImageNet's layout.

    Attributes:
        remote: the archive.
        classes: their names, in label order.
        train_images_of_each, test_images_of_each: how many every class has.
    """

    remote: Remote
    classes: tuple[str, ...]
    train_images_of_each: int
    test_images_of_each: int


CLASSES = (
    "Egyptian cat", "reel", "volleyball", "rocking chair", "lemon", "bullfrog", "basketball", "cliff", "espresso",
    "plunger", "parking meter", "German shepherd", "dining table", "monarch", "brown bear", "school bus", "pizza",
    "guinea pig", "umbrella", "organ", "oboe", "maypole", "goldfish", "potpie", "hourglass", "seashore",
    "computer keyboard", "Arabian camel", "ice cream", "nail", "space heater", "cardigan", "baboon", "snail",
    "coral reef", "albatross", "spider web", "sea cucumber", "backpack", "Labrador retriever", "pretzel",
    "king penguin", "sulphur butterfly", "tarantula", "lesser panda", "pop bottle", "banana", "sock", "cockroach",
    "projectile", "beer bottle", "mantis", "freight car", "guacamole", "remote control", "European fire salamander",
    "lakeside", "chimpanzee", "pay-phone", "fur coat", "alp", "lampshade", "torch", "abacus", "moving van", "barrel",
    "tabby", "goose", "koala", "bullet train", "CD player", "teapot", "birdhouse", "gazelle", "academic gown",
    "tractor", "ladybug", "miniskirt", "golden retriever", "triumphal arch", "cannon", "neck brace", "sombrero",
    "gasmask", "candle", "desk", "frying pan", "bee", "dam", "spiny lobster", "police van", "iPod", "punching bag",
    "beacon", "jellyfish", "wok", "potter's wheel", "sandal", "pill bottle", "butcher shop", "slug", "hog", "cougar",
    "crane", "vestment", "dragonfly", "cash machine", "mushroom", "jinrikisha", "water tower", "chest", "snorkel",
    "sunglasses", "fly", "limousine", "black stork", "dugong", "sports car", "water jug", "suspension bridge", "ox",
    "ice lolly", "turnstile", "Christmas stocking", "broom", "scorpion", "wooden spoon", "picket fence", "rugby ball",
    "sewing machine", "steel arch bridge", "Persian cat", "refrigerator", "barn", "apron", "Yorkshire terrier",
    "swimming trunks", "stopwatch", "lawn mower", "thatch", "fountain", "black widow", "bikini", "plate", "teddy",
    "barbershop", "confectionery", "beach wagon", "scoreboard", "orange", "flagpole", "American lobster", "trolleybus",
    "drumstick", "dumbbell", "brass", "bow tie", "convertible", "bighorn", "orangutan", "American alligator",
    "centipede", "syringe", "go-kart", "brain coral", "sea slug", "cliff dwelling", "mashed potato", "viaduct",
    "military uniform", "pomegranate", "chain", "kimono", "comic book", "trilobite", "bison", "pole",
    "boa constrictor", "poncho", "bathtub", "grasshopper", "walking stick", "Chihuahua", "tailed frog", "lion",
    "altar", "obelisk", "beaker", "bell pepper", "bannister", "bucket", "magnetic compass", "meat loaf", "gondola",
    "standard poodle", "acorn", "lifeboat", "binoculars", "cauliflower", "African elephant",
)  # fmt: skip

TINY_IMAGENET = Release(
    remote=Remote(
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        sha256="6198c8ae015e2b3e007c7841da39ec069199b9aa3bfa943a462022fe5e43c821",
        md5="90528d7ca1a48142e341f4ef8d21d0de",
    ),
    classes=CLASSES,
    train_images_of_each=500,
    test_images_of_each=50,
)
