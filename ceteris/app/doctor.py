"""`doctor`: what is here, what is missing, and how to get it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from ceteris.app.options import data_options, data_place, json_option, store_option, with_options

LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "pillow", "matplotlib", "safetensors", "pydantic")
CHINESE_FONTS = ("WenQuanYi Micro Hei", "Noto Sans CJK SC")


@click.command(epilog="Example: ceteris doctor")
@with_options(store_option, *data_options, json_option)
def doctor(store: Path, data_dir: Path | None, allow_modified_data: bool, as_json: bool) -> None:
    """Show versions, accelerators, cores, disk and fonts, and what is missing and how to get it."""
    from ceteris.app.screen import console, print_json, warn

    place = data_place(data_dir, allow_modified_data)
    facts = _facts(store, place.data_dir)
    advice = _advice(facts)
    if as_json:
        print_json({**facts, "advice": advice})
        return
    out = console()
    for name, value in facts.items():
        shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        out.print(f"[dim]{name:12}[/dim] {shown}", soft_wrap=True)
    for line in advice:
        warn(out, line)
    out.print("nothing is missing" if not advice else "", end="\n" if not advice else "")


def _facts(store: Path, data_dir: Path) -> dict[str, Any]:
    import psutil
    import torch

    from ceteris.engine.device import Conditions, best_device, computes_bf16, environment
    from ceteris.engine.onnx import missing_libraries
    from ceteris.version import VERSION

    around = environment(Conditions())
    nearest = next(folder for folder in (store.absolute(), *store.absolute().parents) if folder.exists())
    return {
        "ceteris": VERSION,
        "python": around["python"],
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "system": f"{around['system']}, {around['processor']}",
        "cores": around["cores"],
        "memory": f"{psutil.virtual_memory().available / 2**30:.1f} GiB free",
        "device": best_device(),
        "bf16": "in hardware" if computes_bf16(best_device()) else "in software: many times slower than fp32",
        "cuda": torch.version.cuda or "not in this build of torch",
        "onnx": _onnx(missing_libraries()),
        "store": f"{store.absolute()}, {shutil.disk_usage(nearest).free / 2**30:.1f} GiB free",
        "data": str(data_dir),
        "fonts": _chinese_font() or "no Chinese font",
    }


def _onnx(missing: list[str]) -> str:
    return f"`ceteris export` needs {', '.join(missing)} for it" if missing else metadata.version("onnx")


def _advice(facts: dict[str, Any]) -> list[str]:
    lines = []
    if facts["fonts"] == "no Chinese font":
        lines.append("reports in Chinese need a font: on Debian `apt install fonts-wqy-microhei`")
    if facts["device"] == "cpu" and shutil.which("nvidia-smi") and _gpu_listed():
        lines.append("there is an NVIDIA GPU, but this torch is a CPU build: see pytorch.org for the CUDA build")
    if importlib.util.find_spec("ceteris") is None:
        lines.append("ceteris is not installed: `pip install -e .`")
    return lines


def _gpu_listed() -> bool:
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)  # noqa: S607
    return "GPU 0" in listed.stdout


def _chinese_font() -> str:
    from matplotlib import font_manager

    names = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in CHINESE_FONTS if name in names), "")
