"""The ledger in DynamoDB: one table, text keys `pk` and `sk`, no index.

| pk | sk | holds |
|---|---|---|
| `OBJECT#key` | `VERSION#sequencer#version` | the entry of a version |
| `OBJECT#key` | `SLICES#sequencer#version` | the version's slices in one item: recorded at once |
| `OBJECT#key` | `TOUCHED` | partitions the key ever had slices for |
| `RECENT` | `received_at#digest` | a copy of each entry, in order of arrival |
| `MEMBERS#dataset#partition` | `digest of key` | keys that may have slices for the partition |
| `PARTITIONS#dataset` | `partition` | how the partition's file was last written |
| `LEASE#name` | `-` | the holder and its end |
| `COUNTERS` | `name` | a usage counter |

Reads are consistent. The largest items, the slices of 2,400 months and the summary of a partition
with thousands of plants, are compressed JSON and stay far below DynamoDB's 400 KB.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import boto3
from boto3.dynamodb.conditions import Attr, Key
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ons_platform.errors import LeaseHeld, ServiceUnavailable
from ons_platform.lake.layout import Partition
from ons_platform.lake.ledger import (
    Entry,
    ObjectVersion,
    PartitionInfo,
    Recorded,
    Slice,
    Status,
    utc_now,
)

_CONFLICTS = {"ConditionalCheckFailedException", "TransactionCanceledException"}
_ATTEMPTS = 20


class _Conflict(Exception):
    """A conditional write found another state."""


class DynamoLedger:
    """Safe across any number of functions; region and credentials from the AWS_* variables."""

    def __init__(self, table: str) -> None:
        self.table = table
        config = Config(retries={"max_attempts": 6, "mode": "standard"}, connect_timeout=5)
        self._table: Any = boto3.resource("dynamodb", config=config).Table(table)

    def close(self) -> None:
        """Give the HTTP connections back."""
        self._table.meta.client.close()

    def receive(self, version: ObjectVersion) -> Entry:
        """See `Ledger.receive`."""
        for _ in range(_ATTEMPTS):
            found = self._entry_item(version)
            if found:
                return _entry(found)
            entry = Entry(version=version, received_at=utc_now())
            try:
                self._put_entry(entry, replaces=0)
            except _Conflict:  # another received it meanwhile
                continue
            return entry
        raise ServiceUnavailable(f"the entry of {version.key} changes all the time")

    def get(self, key: str, version_id: str) -> Entry | None:
        """See `Ledger.get`."""
        found = self._query(_object(key), "VERSION#", filter_by=Attr("version_id").eq(version_id))
        return next((_entry(item) for item in found), None)

    def latest(self, key: str) -> Entry | None:
        """See `Ledger.latest`."""
        found = self._query(_object(key), "VERSION#", newest_first=True, page=1)
        return next((_entry(item) for item in found), None)

    def entries(
        self, *, status: Status | None = None, prefix: str = "", limit: int = 100
    ) -> list[Entry]:
        """See `Ledger.entries`."""
        wanted: Any = Attr("status").eq(status.value) if status else None
        if prefix:
            starts = Attr("key").begins_with(prefix)
            wanted = wanted & starts if wanted else starts
        found = self._query("RECENT", filter_by=wanted, newest_first=True)
        return [_entry(item) for _, item in zip(range(limit), found, strict=False)]

    def update(self, version: ObjectVersion, **changes: Any) -> Entry:
        """See `Ledger.update`: against what was read, again if another changed it meanwhile."""
        self.receive(version)
        for _ in range(_ATTEMPTS):
            item = self._entry_item(version) or {}
            revision = int(item["revision"])
            entry = _entry(item).changed(changes)
            try:
                self._put_entry(entry, replaces=revision)
            except _Conflict:
                continue
            return entry
        raise ServiceUnavailable(f"the entry of {version.key} changes all the time")

    def record_slices(self, version: ObjectVersion, slices: Sequence[Slice]) -> None:
        """See `Ledger.record_slices`: the ways to find the slices first, then all in one item."""
        with self._errors():
            with self._table.batch_writer() as batch:
                for item in slices:
                    batch.put_item(
                        Item={
                            "pk": _members(item.partition),
                            "sk": _digest(version.key),
                            "key": version.key,
                        }
                    )
            if slices:
                self._table.update_item(
                    Key={"pk": _object(version.key), "sk": "TOUCHED"},
                    UpdateExpression="ADD touched :some",
                    ExpressionAttributeValues={
                        ":some": {json.dumps(asdict(item.partition)) for item in slices}
                    },
                )
            packed = _pack([item.as_dict() for item in slices])
            sk = _sk("SLICES", version)
            self._table.put_item(Item={"pk": _object(version.key), "sk": sk, "slices": packed})

    def current_slices(self, partition: Partition) -> list[Slice]:
        """See `Ledger.current_slices`."""
        found = []
        for member in self._query(_members(partition)):
            pages = self._query(_object(member["key"]), "SLICES#", newest_first=True, page=1)
            current = next(pages, None)
            for value in _unpack(current["slices"]) if current else []:
                if value["partition"] == vars(partition):
                    found.append(Slice.from_dict(value))
        return sorted(found, key=lambda item: item.rank, reverse=True)

    def touched_partitions(self, version: ObjectVersion) -> set[Partition]:
        """See `Ledger.touched_partitions`."""
        found = self._get(_object(version.key), "TOUCHED") or {}
        return {Partition(**json.loads(text)) for text in found.get("touched", ())}

    def recorded(self, key: str, limit: int = 100) -> list[Recorded]:
        """See `Ledger.recorded`."""
        found = self._query(_object(key), "SLICES#", newest_first=True)
        return [_recorded(key, item) for _, item in zip(range(limit), found, strict=False)]

    def forget(self, key: str, version_id: str) -> None:
        """See `Ledger.forget`."""
        for item in self._query(_object(key), "SLICES#"):
            if item["sk"].split("#", 2)[2] == version_id:
                with self._errors():
                    self._table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})

    def record_partitions(self, infos: Sequence[PartitionInfo]) -> None:
        """See `Ledger.record_partitions`."""
        with self._errors(), self._table.batch_writer() as batch:
            for info in infos:
                where = info.partition
                pk = f"PARTITIONS#{where.dataset}"
                batch.put_item(Item={"pk": pk, "sk": where.name, "info": _pack(info.as_dict())})

    def drop_partition(self, partition: Partition) -> None:
        """See `Ledger.drop_partition`."""
        key = {"pk": f"PARTITIONS#{partition.dataset}", "sk": partition.name}
        with self._errors():
            self._table.delete_item(Key=key)

    def partition(self, partition: Partition) -> PartitionInfo | None:
        """See `Ledger.partition`."""
        found = self._get(f"PARTITIONS#{partition.dataset}", partition.name)
        return PartitionInfo.from_dict(_unpack(found["info"])) if found else None

    def partitions(self, dataset: str) -> list[PartitionInfo]:
        """See `Ledger.partitions`."""
        found = self._query(f"PARTITIONS#{dataset}")
        return [PartitionInfo.from_dict(_unpack(item["info"])) for item in found]

    @contextmanager
    def lease(self, name: str, *, owner: str, seconds: int) -> Iterator[None]:
        """See `Ledger.lease`."""
        key = {"pk": f"LEASE#{name}", "sk": "-"}
        token = uuid.uuid4().hex
        self._acquire(key, token, owner, seconds)
        try:
            yield
        finally:
            try:
                with self._errors():
                    self._table.delete_item(Key=key, ConditionExpression=Attr("token").eq(token))
            except _Conflict:
                pass  # it expired and another holds it now

    def count(self, name: str, by: int = 1) -> None:
        """See `Ledger.count`."""
        with self._errors():
            self._table.update_item(
                Key={"pk": "COUNTERS", "sk": name},
                UpdateExpression="ADD amount :by",
                ExpressionAttributeValues={":by": by},
            )

    def counters(self) -> dict[str, int]:
        """See `Ledger.counters`."""
        return {item["sk"]: int(item["amount"]) for item in self._query("COUNTERS")}

    def _acquire(self, key: dict[str, str], token: str, owner: str, seconds: int) -> None:
        now = int(time.time() * 1000)
        item = {**key, "token": token, "owner": owner, "expires": now + seconds * 1000}
        free = Attr("pk").not_exists() | Attr("expires").lte(now)
        try:
            with self._errors():
                self._table.put_item(Item=item, ConditionExpression=free)
        except _Conflict:
            held = self._get(**key) or {}
            left = max(1, (int(held.get("expires", now)) - now) // 1000)
            message = f"{held.get('owner', 'another')} holds {key['pk'].removeprefix('LEASE#')}"
            raise LeaseHeld(message, retry_after=left) from None

    def _entry_item(self, version: ObjectVersion) -> dict[str, Any] | None:
        return self._get(_object(version.key), _sk("VERSION", version))

    def _put_entry(self, entry: Entry, *, replaces: int) -> None:
        """The entry and its copy in order of arrival, both or neither; 0 replaces nothing."""
        version = entry.version
        body = {
            "key": version.key,
            "version_id": version.version_id,
            "status": entry.status.value,
            "revision": replaces + 1,
            "entry": json.dumps(entry.as_dict(), ensure_ascii=False),
        }
        keys = {"pk": _object(version.key), "sk": _sk("VERSION", version)}
        recent = {"pk": "RECENT", "sk": f"{entry.received_at}#{_digest(version.rank)}"}
        put: dict[str, Any] = {"TableName": self.table, "Item": {**keys, **body}}
        put["ConditionExpression"] = "attribute_not_exists(pk)"
        if replaces:
            put["ConditionExpression"] = "revision = :old"
            put["ExpressionAttributeValues"] = {":old": replaces}
        copy = {"TableName": self.table, "Item": {**recent, **body}}
        with self._errors():
            self._table.meta.client.transact_write_items(
                TransactItems=[{"Put": put}, {"Put": copy}]
            )

    def _get(self, pk: str, sk: str) -> dict[str, Any] | None:
        with self._errors():
            answer = self._table.get_item(Key={"pk": pk, "sk": sk}, ConsistentRead=True)
        found: dict[str, Any] | None = answer.get("Item")
        return found

    def _query(
        self,
        pk: str,
        starts: str = "",
        *,
        filter_by: Any = None,
        newest_first: bool = False,
        page: int = 1000,
    ) -> Iterator[dict[str, Any]]:
        condition: Any = Key("pk").eq(pk)
        if starts:
            condition &= Key("sk").begins_with(starts)
        request: dict[str, Any] = {
            "KeyConditionExpression": condition,
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
            "Limit": page,
        }
        if filter_by is not None:
            request["FilterExpression"] = filter_by
        while True:
            with self._errors():
                answer = self._table.query(**request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _CONFLICTS:
                raise _Conflict from error
            raise ServiceUnavailable(f"the ledger {self.table} answered {code}") from error
        except BotoCoreError as error:
            raise ServiceUnavailable(f"the ledger {self.table} does not answer") from error


def _object(key: str) -> str:
    return f"OBJECT#{key}"


def _members(partition: Partition) -> str:
    return f"MEMBERS#{partition.dataset}#{partition.name}"


def _sk(kind: str, version: ObjectVersion) -> str:
    """Sorts by rank within a key."""
    return f"{kind}#{version.rank.split('|', 1)[0]}#{version.version_id}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _entry(item: Mapping[str, Any]) -> Entry:
    return Entry.from_dict(json.loads(item["entry"]))


def _recorded(key: str, item: Mapping[str, Any]) -> Recorded:
    """The rank is that of `ObjectVersion`: the sequencer out of the sort key, and the key."""
    _, sequencer, version_id = item["sk"].split("#", 2)
    slices = tuple(Slice.from_dict(value) for value in _unpack(item["slices"]))
    return Recorded(key, version_id, f"{sequencer}|{key}", slices)


def _pack(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, ensure_ascii=False).encode())


def _unpack(value: Any) -> Any:
    return json.loads(zlib.decompress(bytes(value)))
