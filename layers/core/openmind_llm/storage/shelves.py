"""Files in a bucket, or in a folder of this machine. See domain.exports.ports.Shelf."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3.client import S3Client


class Bucket:
    """`prefix` is what every name begins with. Raises what boto3 raises."""

    def __init__(self, client: S3Client, name: str, prefix: str = "") -> None:
        self._client = client
        self._name = name
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def put(self, name: str, content: bytes) -> None:
        key = self._prefix + name
        self._client.put_object(Bucket=self._name, Key=key, Body=content, ContentType="application/gzip")


class Folder:
    """Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, content: bytes) -> None:
        """Others may read the folder meanwhile: a file is there as a whole, or not at all."""
        file = self._path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}")
        unfinished.write_bytes(content)
        unfinished.replace(file)
