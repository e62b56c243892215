"""What the observable oracle says of each order, as a file: to be set beside a model, never to be learned from."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import UsageError
from data.world.oracle import observable_oracle
from data.world.simulate import World


def write_oracle(world: World, path: Path) -> None:
    """Columns order_id, p: the chance of an RTO, knowing what the shops were told by then. Whole or not at all.

    Raises UsageError W006 if it cannot be written.
    """
    said = pa.table({"order_id": world.truth["order_id"], "p": observable_oracle(world.inner).p})
    draft = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(said, draft, compression="zstd")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        to_do = "name a file in a folder that can be written, on a disk with room"
        raise UsageError("W006", str(path), got=error.strerror or str(error), to_do=to_do) from error
