#!/usr/bin/env python3
"""Export a fine-tuned transformer to the folder in the package: ONNX, int8, with tokenizer and configuration.

  export_onnx.py CHECKPOINT codesearch/embed/models/transformer --name transformer --version 1

Prints the cosine between its vectors and the original's, on functions of this project, and its speed. Needs the extra
`[models]`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from codesearch.embed.manage.export import Encoder, cosines, export
from codesearch.embed.manage.samples import documents
from codesearch.embed.onnx import OnnxEmbedder
from codesearch.embed.transformer import one_line


def main() -> None:
    """Export and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="transformer")
    parser.add_argument("--version", required=True)
    parser.add_argument("--source", default="all-MiniLM-L6-v2, fine-tuned for code")
    parser.add_argument("--precision", default="int8", choices=("int8", "float32"))
    parser.add_argument("--query-tokens", type=int, default=40)
    parser.add_argument("--document-tokens", type=int, default=64)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = AutoModel.from_pretrained(options.checkpoint, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(options.checkpoint)
    encoder = Encoder(
        model=model,
        tokenizer=tokenizer.backend_tokenizer.to_str(),
        pooling="mean",
        query_prompt="",
        document_prompt="",
        query_tokens=options.query_tokens,
        document_tokens=options.document_tokens,
    )
    names = {"name": options.name, "version": options.version, "source": options.source}
    config = export(encoder, options.folder, precision=options.precision, **names)
    print(config.model_id, sum(config.sizes.values()), "bytes")

    texts = documents(Path(__file__).parent.parent, 300)
    embedder = OnnxEmbedder(options.folder, threads=2)
    embedder.encode_documents(texts[:8])
    start = time.perf_counter()
    ours = embedder.encode_documents(texts)
    print(f"{len(texts) / (time.perf_counter() - start):.0f} functions/s with 2 threads")
    rows = []
    with torch.inference_mode():
        for text in texts:
            inputs = tokenizer(one_line(text), truncation=True, max_length=options.document_tokens, return_tensors="pt")
            rows.append(model(**inputs).last_hidden_state[0].mean(0).numpy())
    alike = cosines(ours, np.stack(rows))
    print(f"cosine with the original: mean {alike.mean():.4f}, least {alike.min():.4f}")


if __name__ == "__main__":
    main()
