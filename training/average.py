#!/usr/bin/env python3
"""Average the weights of checkpoints of one training run (a "model soup", arXiv 2203.05482).

  average.py OUT_FOLDER CHECKPOINT=SHARE ...

Tokenizer and configuration are taken from the last checkpoint.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

WEIGHTS = "model.safetensors"


def main() -> None:
    """Average and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("checkpoints", nargs="+", metavar="CHECKPOINT=SHARE")
    options = parser.parse_args()
    shares = {Path(name): float(share) for name, _, share in (one.rpartition("=") for one in options.checkpoints)}
    if abs(sum(shares.values()) - 1) > 1e-6:
        parser.error(f"the shares add up to {sum(shares.values())}, not to 1")
    total: dict[str, torch.Tensor] = {}
    for folder, share in shares.items():
        for name, value in load_file(folder / WEIGHTS).items():
            part = value.float() * share
            total[name] = total[name] + part if name in total else part
    *_, last = shares
    shutil.copytree(last, options.out, ignore=shutil.ignore_patterns("checkpoint"))
    save_file({name: value.contiguous() for name, value in total.items()}, options.out / WEIGHTS, {"format": "pt"})


if __name__ == "__main__":
    main()
