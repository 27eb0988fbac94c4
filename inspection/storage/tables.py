"""The tables of the log; those of one subject stand beside it (`chart_tables`, `report.table`, …).

What was seen and said is written once: `inspection` (but for its standing columns), `defect`,
`decision`, `counting_word`, `audit`, `chart_note`, `chart_alert`, `cost_estimate`, the shift
leads' notes and the signed reports refuse UPDATE and DELETE by triggers, which the migrations
create. Numbers are given by the program inside the write lock, without gaps.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from inspection.storage.column_types import PlainText, Structured, UtcDateTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)


def _number(name: str = "id") -> Column[int]:
    return Column(name, Integer, primary_key=True, autoincrement=False)


def _text(name: str) -> Column[str]:
    return Column(name, PlainText, nullable=False)


photo = Table(
    "photo",
    metadata,
    Column("sha256", PlainText, primary_key=True),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("captured_at", UtcDateTime),
    Column("first_seen_at", UtcDateTime, nullable=False),
)

# One car body, known by vehicle model and body number. A photo without a body number has a row of
# its own, which is no body that counts: `photo_sha256` names it, and is "" for all others.
# `body_number`: in its normal form (`inspection.domain.body_numbers`). `first_*`: the slot of its
# first inspection, under which the body is counted.
unit = Table(
    "unit",
    metadata,
    _number(),
    _text("vehicle_model"),
    _text("body_number"),
    _text("photo_sha256"),
    _text("colour"),
    Column("first_day", Date, nullable=False),
    _text("first_shift"),
    _text("first_line"),
    UniqueConstraint("vehicle_model", "body_number", "photo_sha256"),
    Index("ix_unit_first", "first_day", "first_shift", "first_line"),
    Index("ix_unit_vehicle_model", "vehicle_model", "id"),
    Index("ix_unit_body_number", "body_number"),
)

# `card`: the model card as it was served, NULL when it was not handed in.
model = Table(
    "model",
    metadata,
    Column("sha256", PlainText, primary_key=True),
    _text("name"),
    Column("card", Structured(dict)),
    Column("first_used_at", UtcDateTime, nullable=False),
)

spec = Table(
    "spec",
    metadata,
    Column("sha256", PlainText, primary_key=True),
    _text("name"),
    _text("text"),
    Column("first_used_at", UtcDateTime, nullable=False),
)

# The scale stands here and not with the photo: the same photo may be judged again with a better
# one. `body_number`: as it was typed; its normal form stands with the unit, by which everything
# finds and shows it. The columns after `is_first` are the standing: they follow from `decision` and
# from later rows, are kept for quick lists, and are checked by `counting.check_daily_count`.
inspection = Table(
    "inspection",
    metadata,
    _number(),
    Column("request_id", PlainText, unique=True),
    Column("photo_sha256", ForeignKey(photo.c.sha256), nullable=False),
    _text("photo_name"),
    _text("photo_source"),
    Column("unit_id", ForeignKey(unit.c.id), nullable=False),
    _text("vehicle_model"),
    _text("body_number"),
    _text("panel"),
    _text("colour"),
    _text("station"),
    _text("line"),
    _text("inspector"),
    Column("day", Date, nullable=False),
    _text("shift"),
    Column("inspected_at", UtcDateTime, nullable=False),
    _text("verdict"),
    Column("reasons", Structured(list), nullable=False),
    Column("score", Float, nullable=False),
    Column("quality", Structured(list), nullable=False),
    Column("mm_per_px", Float),
    Column("scale_source", PlainText),
    Column("scale_error_percent", Float),
    Column("region_threshold", Float, nullable=False),
    Column("smallest_px", Integer, nullable=False),
    Column("peak", Float, nullable=False),
    Column("ok_below", Float, nullable=False),
    Column("reject_from", Float, nullable=False),
    Column("model_sha256", ForeignKey(model.c.sha256), nullable=False),
    Column("spec_sha256", ForeignKey(spec.c.sha256), nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("defects", Integer, nullable=False),
    Column("defect_area_px", BigInteger, nullable=False),
    Column("defect_area_mm2", Float),
    Column("longest_mm", Float),
    Column("repeats", ForeignKey("inspection.id")),
    Column("rejudges", ForeignKey("inspection.id")),
    Column("is_first", Boolean, nullable=False),
    _text("standing"),
    _text("disposition"),
    Column("decision_id", Integer),
    Column("last_decision_id", Integer),
    Column("superseded_by", Integer),
    Index("ix_inspection_slot", "day", "shift", "line"),
    *(
        Index(f"ix_inspection_{name}", name, "id")
        for name in (
            *("vehicle_model", "panel", "inspector", "shift", "line", "station", "colour"),
            *("verdict", "disposition", "standing"),
        )
    ),
    Index("ix_inspection_unit", "unit_id", "is_first", "superseded_by", "panel", "standing"),
    Index("ix_inspection_photo", "photo_sha256", "id"),
)

# The demo line shows the few photos of its pool as many bodies: they may come back.
POOLED_SOURCE = "demo"
# The name under which the demo line's records were judged: by no network.
POOLED_MODEL = "rendered-truth"

# Two people who send the same photo at once cannot both be its first inspection.
_ONCE = text(f"repeats IS NULL AND rejudges IS NULL AND photo_source <> '{POOLED_SOURCE}'")
Index(
    "uq_inspection_photo_once",
    inspection.c.photo_sha256,
    unique=True,
    sqlite_where=_ONCE,
    postgresql_where=_ONCE,
)

# The few photos that do not count, found without looking through those that do.
_NOT_COUNTED = ~inspection.c.is_first | inspection.c.superseded_by.is_not(None)
Index(
    "ix_inspection_not_counted",
    inspection.c.day,
    sqlite_where=_NOT_COUNTED,
    postgresql_where=_NOT_COUNTED,
)

STANDING_COLUMNS = ("standing", "disposition", "decision_id", "last_decision_id", "superseded_by")

# `number`: place in the judgement, from 0. Day, model and panel stand here too: no index rescues
# a 90-day question that has to join first.
defect = Table(
    "defect",
    metadata,
    _number(),
    Column("inspection_id", ForeignKey(inspection.c.id), nullable=False),
    Column("number", Integer, nullable=False),
    Column("day", Date, nullable=False),
    _text("vehicle_model"),
    _text("panel"),
    _text("type"),
    Column("severity", PlainText),
    Column("zone", PlainText),
    Column("near_character_line", Boolean, nullable=False),
    _text("source"),
    Column("score", Float, nullable=False),
    Column("area_px", Integer, nullable=False),
    Column("length_px", Float, nullable=False),
    Column("width_px", Float, nullable=False),
    Column("width_error_px", Float),
    Column("area_mm2", Float),
    Column("length_mm", Float),
    Column("width_mm", Float),
    Column("x_px", Integer, nullable=False),
    Column("y_px", Integer, nullable=False),
    Column("box_width_px", Integer, nullable=False),
    Column("box_height_px", Integer, nullable=False),
    Column("outline_px", Structured(list), nullable=False),
    Column("position_x", Float, nullable=False),
    Column("position_y", Float, nullable=False),
    UniqueConstraint("inspection_id", "number"),
    Index("ix_defect_type", "type", "inspection_id"),
    # Whole: a map of three months is counted from the index alone.
    Index(
        "ix_defect_place",
        "vehicle_model",
        "panel",
        "day",
        "inspection_id",
        "type",
        "zone",
        "position_x",
        "position_y",
    ),
)

decision = Table(
    "decision",
    metadata,
    _number(),
    Column("inspection_id", ForeignKey(inspection.c.id), nullable=False),
    _text("disposition"),
    _text("reason"),
    _text("inspector"),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("replaces", ForeignKey("decision.id")),
    Column("withdrawn", Boolean, nullable=False),
    Index("ix_decision_inspection", "inspection_id", "id"),
)

# What was said about whether an inspection counts (`inspection.domain.counting_words`). `other_id`:
# the shot that it looks like, or the judgement that has the right scale.
counting_word = Table(
    "counting_word",
    metadata,
    _number(),
    Column("inspection_id", ForeignKey(inspection.c.id), nullable=False),
    _text("word"),
    Column("other_id", ForeignKey(inspection.c.id)),
    _text("reason"),
    _text("who"),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_counting_word_inspection", "inspection_id", "id"),
)

# The few inspections that are left out of the figures now, and why. Follows from `counting_word`,
# is kept for quick counting and checked by `counting.check_daily_count`.
left_out = Table(
    "left_out",
    metadata,
    Column("inspection_id", ForeignKey(inspection.c.id), primary_key=True, autoincrement=False),
    _text("why"),
)

# The few inspections whose `is_first` does not hold at present: what was first is left out, or
# counts again. Follows from the rows (`first_inspections`), is kept for quick counting and checked
# by `counting.check_daily_count`.
first_changed = Table(
    "first_changed",
    metadata,
    Column("inspection_id", ForeignKey(inspection.c.id), primary_key=True, autoincrement=False),
)

# The roll-up of first inspections. Bodies cannot be added over panels, nor over types, so several
# levels stand side by side; only one of them answers a question:
#   body   panel "", type "": bodies first inspected
#   panel  type "": bodies whose panel was first inspected, judged by that panel alone
#   type   defects and their area; `measured` of them have a known scale
#   photo  type "": photos without a body number, as `units`; they are in no other level
# Areas are whole square micrometres: sums are exact in any order.
daily_count = Table(
    "daily_count",
    metadata,
    Column("level", PlainText, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("shift", PlainText, primary_key=True),
    Column("line", PlainText, primary_key=True),
    Column("vehicle_model", PlainText, primary_key=True),
    Column("panel", PlainText, primary_key=True),
    Column("type", PlainText, primary_key=True),
    Column("units", Integer, nullable=False),
    Column("rework_units", Integer, nullable=False),
    Column("undecided_units", Integer, nullable=False),
    Column("defects", Integer, nullable=False),
    Column("measured", Integer, nullable=False),
    Column("area_um2", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What people say a plant's inspection costs and saves (`inspection.domain.cost.CostEstimate`); the
# newest of a plant holds. `inputs`: [low, base, high] by the input's name.
cost_estimate = Table(
    "cost_estimate",
    metadata,
    _number(),
    _text("plant"),
    _text("currency"),
    Column("inputs", Structured(dict), nullable=False),
    _text("note"),
    _text("who"),
    Column("said_at", UtcDateTime, nullable=False),
    Index("ix_cost_estimate_plant", "plant", "id"),
)

# The demo line: what was asked for, so that a load that was cut short can be gone on with.
# finished_at, removed_at: NULL until then.
demo_load = Table(
    "demo_load",
    metadata,
    _number(),
    _text("who"),
    Column("plan", Structured(dict), nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("removed_at", UtcDateTime),
)

# `hash` = SHA-256 of `previous_hash` and the canonical JSON of the rest of the row.
audit = Table(
    "audit",
    metadata,
    _number(),
    Column("at", UtcDateTime, nullable=False),
    _text("kind"),
    _text("who"),
    Column("inspection_id", Integer),
    Column("details", Structured(dict), nullable=False),
    _text("previous_hash"),
    _text("hash"),
    Index("ix_audit_inspection", "inspection_id", "id"),
)

# A list of the Log page that people come back to. `parameters`: what its address holds. A deleted
# one keeps its row, so that the deletion can be taken back.
saved_view = Table(
    "saved_view",
    metadata,
    _number(),
    _text("name"),
    Column("parameters", Structured(dict), nullable=False),
    _text("made_by"),
    Column("made_at", UtcDateTime, nullable=False),
    _text("changed_by"),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime),
)
