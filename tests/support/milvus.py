"""A real Milvus for tests, from the package `milvus`: the standalone server, in a folder of its own."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from contextlib import ExitStack, closing
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from tests.support.wait import until

SECONDS = 240.0
"""How long it may take to start: 10 s on a quiet machine."""
ETCD = """\
name: default
data-dir: {data}
listen-client-urls: http://127.0.0.1:{client}
advertise-client-urls: http://127.0.0.1:{client}
listen-peer-urls: http://127.0.0.1:{peer}
initial-advertise-peer-urls: http://127.0.0.1:{peer}
initial-cluster: default=http://127.0.0.1:{peer}
"""


class MilvusServer:
    """A server that listens on ports of this machine; with a certificate and its key, by TLS."""

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        milvus: Any = importlib.import_module("milvus")
        self.folder = Path(tempfile.mkdtemp(prefix="csmv-", dir="/tmp"))
        config: Any = milvus.MilvusServerConfig(data_dir=str(self.folder))
        names = [name for name in config.configurable_items if name.endswith("_port")]
        self._health, self._port, client, peer, *rest = _free_ports(3 + len(names))
        names.remove("proxy_port")
        config.update(proxy_port=self._port, **dict(zip(names, rest, strict=True)))
        config.set("queryNode.enableDisk", "true")  # for DISKANN
        config.resolve()
        settings = self.folder / "configs" / "milvus.yaml"
        text = settings.read_text("utf-8")
        assert text.count("\netcd:\n") == 1
        text = text.replace("\netcd:\n", f"\netcd:\n  config:\n    path: {self.folder}/etcd.yaml\n")
        self._scheme = "milvus"
        if certificate is not None:
            self._scheme = "milvus+tls"
            assert (text.count("tlsMode: 0"), text.count("\ntls:\n")) == (1, 1)
            pem, key = certificate
            text = text.replace("tlsMode: 0", "tlsMode: 1")
            text = re.sub(r"(  serverPemPath:).*", rf"\1 {pem}", text)
            text = re.sub(r"(  serverKeyPath:).*", rf"\1 {key}", text)
        settings.write_text(text, "utf-8")
        # Its etcd would listen on ports that it always has.
        (self.folder / "etcd.yaml").write_text(
            ETCD.format(client=client, peer=peer, data=self.folder / "data" / "etcd.data")
        )
        milvus._initialize_data_files(str(self.folder))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """What `--vectors` is."""
        return f"{self._scheme}://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        program = self.folder / "bin" / "milvus"
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(program), "run", "standalone"], stdout=log, stderr=log, cwd=self.folder,
                env={
                    **os.environ, "DEPLOY_MODE": "STANDALONE", "METRICS_PORT": str(self._health),
                    "MILVUS_RUN_DIR": str(self.folder / "run"), "LD_LIBRARY_PATH": str(program.parent),
                },
            )  # fmt: skip
        until(self._is_healthy, self._end_of_log, seconds=SECONDS)

    def _is_healthy(self) -> bool:
        assert self._process is not None and self._process.poll() is None, self._end_of_log()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._health}/healthz", timeout=10) as reply:
                return b"OK" in reply.read()
        except (urllib.error.URLError, OSError):
            return False

    def _end_of_log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")[-2000:]

    def kill(self) -> None:
        """End the server without warning."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the server, and delete its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of 127.0.0.1 that signs itself; return its file and that of its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "codesearch")])
    now = datetime.now(timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=6))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    return files


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        found = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in found]
