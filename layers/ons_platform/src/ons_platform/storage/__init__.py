"""One port over object storage: a folder on one machine, S3 on AWS (DESIGN 4, LAK-5, LAK-6).

`Storage("file:///data/buckets/raw")` or `Storage("s3://bucket")`; `open_storage(bucket, settings)`
fills the template of the settings. Every object appears whole or not at all, a name overwritten
keeps its old bytes for those already reading, and what a call acknowledged survives a power cut.
"""

from ons_platform.storage.backend import ObjectInfo
from ons_platform.storage.port import Storage, open_storage

__all__ = ["ObjectInfo", "Storage", "open_storage"]
