"""What a figure was measured on: enough to judge it, nothing that names the machine or its owner."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = (
    "numpy", "scipy", "pillow", "pillow-heif", "opencv-python-headless", "pyproj", "shapely", "pyarrow",
    "rapidocr", "onnxruntime", "faiss-cpu", "torch", "transformers", "openvino",
)  # fmt: skip
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def describe() -> dict[str, object]:
    """Give processor, cores, memory, system, versions, thread limits and the load at this moment."""
    return {
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": memory_gib(),
        "system": system(),
        "python": platform.python_version(),
        "libraries": versions(),
        "threads": {name: os.environ[name] for name in THREAD_LIMITS if name in os.environ},
        "load_average": [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def cpu_model() -> str:
    """Name the processor as the kernel does."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text("utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def memory_gib() -> float | None:
    """Physical memory, where the system tells it."""
    try:
        pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    return round(pages * page_bytes / 2**30, 1)


def system() -> str:
    """Name the operating system, without its host."""
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']} ({platform.machine()})"
    except (OSError, KeyError):
        return f"{platform.system()} ({platform.machine()})"


def versions() -> dict[str, str]:
    """Versions of the libraries that the figures depend on."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
