"""Who holds which photo of the review queue: rows that come and go, and no record of anything."""

from sqlalchemy import Column, Integer, Table

from inspection.storage.column_types import PlainText, UtcDateTime
from inspection.storage.tables import metadata

# One row a held photo, so that no two people get the same. `holder`: one tab of `who`. `seen_at`:
# when that person last did something. Without a key to the inspection: a demo line may be taken out
# while somebody holds one of its photos.
review_hold = Table(
    "review_hold",
    metadata,
    Column("inspection_id", Integer, primary_key=True, autoincrement=False),
    Column("who", PlainText, nullable=False),
    Column("holder", PlainText, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
