"""The version of ceteris, which every record and plan names."""

VERSION = "0.1.0"
