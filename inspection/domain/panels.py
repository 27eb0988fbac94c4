"""The vehicle models of the plant: their panels, sizes and zones."""

from dataclasses import dataclass
from pathlib import Path

from inspection.domain.defects import ZONE_GRADES
from inspection.domain.toml_tables import TomlTable, parse_toml
from inspection.errors import NotFound, SpecError, SubjectRefused

PANEL_CODES = (
    "hood",
    "roof",
    "decklid",
    "tailgate",
    *(f"fender_{corner}" for corner in ("fl", "fr")),
    *(f"door_{corner}" for corner in ("fl", "fr", "rl", "rr")),
    *(f"{part}_{side}" for part in ("quarter", "rocker") for side in ("l", "r")),
    *(f"{pillar}_pillar_{side}" for pillar in ("a", "b", "c") for side in ("l", "r")),
    "bumper_f",
    "bumper_r",
    "fuel_door",
)

BODY_STYLES = ("sedan", "suv", "hatchback", "wagon", "coupe", "pickup", "van")

# Drawings of the body map. left, right: seen from outside; top: from above, nose to the left.
BODY_VIEWS = ("left", "right", "top")


@dataclass(frozen=True, slots=True)
class Zone:
    """A rectangle of a panel that the customer looks at more, or less, closely than at the rest.

    x, y: (from, to) in shares of the panel. near_character_line: stricter limits may hold here.
    """

    grade: str
    x: tuple[float, float]
    y: tuple[float, float]
    near_character_line: bool = False

    def __post_init__(self) -> None:
        if self.grade not in ZONE_GRADES:
            raise ValueError(f"zone grade must be one of {ZONE_GRADES}, got {self.grade!r}")
        for start, end in (self.x, self.y):
            if not 0 <= start < end <= 1:
                raise ValueError(f"a zone needs 0 ≤ from < to ≤ 1, got {start} to {end}")

    def holds(self, position: tuple[float, float]) -> bool:
        """Whether the position lies in the zone; its border belongs to it."""
        x, y = position
        return self.x[0] <= x <= self.x[1] and self.y[0] <= y <= self.y[1]

    @property
    def area_share(self) -> float:
        return (self.x[1] - self.x[0]) * (self.y[1] - self.y[0])


@dataclass(frozen=True, slots=True)
class Panel:
    """One painted part, seen square on from outside.

    Positions on it are (x, y) shares: x from the left edge, y from the top edge. Lying panels:
    hood and roof are seen from before the car, the decklid from behind it, the far edge at y = 0.
    grade: of everything outside its zones. outline: polygon on the drawing named by `view`, in
    shares of that drawing.
    """

    code: str
    width_mm: float
    height_mm: float
    grade: str
    zones: tuple[Zone, ...]
    view: str
    outline: tuple[tuple[float, float], ...]

    @property
    def grades(self) -> tuple[str, ...]:
        """The grades that occur on the panel, strictest first."""
        return tuple(sorted({self.grade, *(zone.grade for zone in self.zones)}))


@dataclass(frozen=True, slots=True)
class VehicleModel:
    """One body with its panels. name: the model's own name, the same in every language."""

    code: str
    name: str
    body_style: str
    length_mm: float
    width_mm: float
    height_mm: float
    panels: tuple[Panel, ...]

    def panel(self, code: str) -> Panel | None:
        """The panel, or None where this body has none of that code."""
        return next((panel for panel in self.panels if panel.code == code), None)


@dataclass(frozen=True, slots=True)
class BodyCatalogue:
    """All vehicle models of the plant, in the order of their codes."""

    models: tuple[VehicleModel, ...]

    def model(self, code: str) -> VehicleModel:
        """Raises NotFound with the known codes."""
        for model in self.models:
            if model.code == code:
                return model
        known = ", ".join(model.code for model in self.models)
        raise NotFound("unknown_vehicle_model", code=code, known=known)

    def panel(self, vehicle_model: str, panel: str) -> Panel | None:
        """The panel of a vehicle model, or None while either of the two is not known."""
        for model in self.models:
            if model.code == vehicle_model:
                return model.panel(panel)
        return None

    def panels_shown(self, vehicle_model: str, panel: str) -> tuple[Panel, ...]:
        """Every panel that a photo may show, "" = unknown; at least one.

        A panel that no body of the catalogue has says nothing, and any panel may be shown.
        """
        models = [one for one in self.models if not vehicle_model or one.code == vehicle_model]
        every = [one for model in models or self.models for one in model.panels]
        return tuple([one for one in every if one.code == panel] or every)

    def refuse_unknown(self, vehicle_model: str, panel: str) -> None:
        """Raise SubjectRefused for a code that no photo can show; "" is allowed for both.

        A panel must belong to its vehicle model; without one any panel of a car will do.
        """
        if not vehicle_model:
            if panel and panel not in PANEL_CODES:
                raise SubjectRefused("unknown_panel", code=panel, known=", ".join(PANEL_CODES))
            return
        try:
            model = self.model(vehicle_model)
        except NotFound as error:
            raise SubjectRefused(error.code, **error.values) from None
        if panel and model.panel(panel) is None:
            known = ", ".join(one.code for one in model.panels)
            raise SubjectRefused("panel_of_other_model", model=model.code, code=panel, known=known)


def zone_at(panel: Panel, position: tuple[float, float]) -> tuple[str, bool]:
    """Grade and near_character_line at a position in panel shares.

    Where zones overlap the smallest one holds: it is the most deliberate. Of equally small ones
    the first listed holds. Outside all zones: the panel's own grade, away from character lines.
    """
    holding = [zone for zone in panel.zones if zone.holds(position)]
    if not holding:
        return panel.grade, False
    zone = min(holding, key=lambda zone: zone.area_share)
    return zone.grade, zone.near_character_line


def load_bodies(folder: Path) -> BodyCatalogue:
    """Read every `*.toml` of a folder, one vehicle model a file.

    Raises SpecError naming file, key, value and cure, also for a code that two files share.
    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise SpecError("bodies_none", folder=folder)
    models: dict[str, VehicleModel] = {}
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise SpecError("unreadable", name=file, why=error.strerror) from None
        except UnicodeDecodeError:
            raise SpecError("body_not_utf8", file=file) from None
        model = read_model(text, file.name)
        if model.code in models:
            raise SpecError("body_code_taken", file=file.name, code=model.code)
        models[model.code] = model
    return BodyCatalogue(tuple(models[code] for code in sorted(models)))


def read_model(text: str, filename: str) -> VehicleModel:
    """The vehicle model of a file's text. Raises SpecError naming file, key, value and cure."""
    table = parse_toml(text, filename)
    panels: dict[str, Panel] = {}
    for entry in table.tables("panel"):
        panel = _read_panel(entry)
        if panel.code in panels:
            raise entry.refusal("code", panel.code, SpecError("cure_panel_once"))
        panels[panel.code] = panel
    if not panels:
        raise SpecError("body_no_panels", place=table.place)
    model = VehicleModel(
        code=table.text("code"),
        name=table.text("name"),
        body_style=table.code("body_style", BODY_STYLES),
        length_mm=table.number("length_mm", up_to=20_000),
        width_mm=table.number("width_mm", up_to=20_000),
        height_mm=table.number("height_mm", up_to=20_000),
        panels=tuple(panels.values()),
    )
    table.refuse_unknown()
    return model


def _read_panel(table: TomlTable) -> Panel:
    panel = Panel(
        code=table.code("code", PANEL_CODES),
        width_mm=table.number("width_mm", up_to=10_000),
        height_mm=table.number("height_mm", up_to=10_000),
        grade=table.code("grade", ZONE_GRADES),
        zones=tuple(_read_zone(entry) for entry in table.tables("zone")),
        view=table.code("view", BODY_VIEWS),
        outline=table.polygon("outline"),
    )
    table.refuse_unknown()
    return panel


def _read_zone(table: TomlTable) -> Zone:
    zone = Zone(
        grade=table.code("grade", ZONE_GRADES),
        x=table.share_range("x"),
        y=table.share_range("y"),
        near_character_line=table.flag("near_character_line", False),
    )
    table.refuse_unknown()
    return zone
