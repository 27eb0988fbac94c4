"""The arrows of the house: who may import whom, and which library lives in which room."""

import ast
import functools
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Longest matching prefix decides. `inspection` itself is the empty package above the floors.
ROOMS = {
    "inspection.domain": 1,
    "inspection.config": 1,
    "inspection.errors": 1,
    "inspection.model_facts": 1,
    "inspection.i18n": 1,
    "inspection.imaging": 2,
    "inspection.storage": 2,
    "models": 2,
    "inspection.services": 3,
    "inspection.charts": 3,
    "inspection.door": 4,
    "inspection.ui": 4,
    "inspection.api": 4,
    "inspection.cli": 4,
    "inspection.__main__": 4,
    "pages": 4,
    "app": 4,
}
# The network measures and quantises exactly as the line does; a report is drawn as a page is.
ALLOWED_BETWEEN_NEIGHBOURS = {
    ("models", "inspection.imaging"),
    ("inspection.services", "inspection.charts"),
}

HOMES = {
    "streamlit": ("inspection.ui", "pages", "app"),
    "sqlalchemy": ("inspection.storage",),
    "alembic": ("inspection.storage",),
    "cv2": ("inspection.imaging", "models"),
    "PIL": ("inspection.imaging",),
    "pi_heif": ("inspection.imaging",),
    "zxingcpp": ("inspection.imaging",),
    "segno": ("inspection.ui",),
    "keras": ("models",),
    "tensorflow": ("models",),
    "openvino": ("models",),
}
MOST_LINES = 500
# Only these services may name `models` where they are imported themselves: the renderer is
# numpy and cv2 alone.
RENDERER = ("models.rendering.panel", "models.rendering.defects", "models.rendering.samples")
DEMO = "inspection.services.demo"

# Inside a floor: which rooms a room may import. Each names rooms above it only, so that no circle
# can form; a module beside the rooms counts as one.
PAGE = "keys markdown session guarded widgets"
ARROWS = {
    "inspection.services": {
        "words": "",
        "html_pages": "",
        "exporting": "",
        "mailing": "",
        "typesetting": "",
        "effective_settings": "",
        "worker": "",
        "active_model": "worker",
        "active_spec": "",
        "active_bodies": "",
        "station": "worker active_model active_spec active_bodies",
        "ignoring": "worker station",
        "photo": "typesetting worker station ignoring",
        "intake": "worker station photo",
        "specs": "active_spec station",
        "quality": "words mailing station",
        "review": "station photo quality",
        "report": "words html_pages exporting mailing typesetting station photo quality",
        "log": "words exporting station photo quality report",
        "model": "words html_pages worker active_model station photo",
        "learning": "worker active_model station log model",
        "cost": "words exporting station model",
        "demo": "station photo",
        "housekeeping": "station photo",
        "health": "worker active_model active_spec station housekeeping",
    },
    "inspection.ui": {
        "markdown": "",
        "server": "",
        "as_app": "",
        "keys": "",
        "in_browser": "as_app keys",
        "session": "markdown in_browser",
        "guarded": "markdown session",
        "widgets": "keys markdown session guarded",
        "home": PAGE,
        "inspecting": f"{PAGE} server",
        "log": f"{PAGE} inspecting",
        "review": f"{PAGE} inspecting",
        "control": PAGE,
        "trends": f"{PAGE} control",
        "body": PAGE,
        "report": PAGE,
        "cost": PAGE,
        "model": PAGE,
        "spec": PAGE,
        "settings": f"{PAGE} server",
        "help": PAGE,
        "router": f"{PAGE} server in_browser",
    },
    "models": {
        "card": "",
        "tiling": "",
        "segmenter": "card tiling",
        "network": "",
        "photo_sets": "network tiling",
        "importers": "photo_sets",
        "rendering": "card segmenter photo_sets",
        "measuring": "card network photo_sets",
        "training": "card tiling segmenter network photo_sets measuring rendering",
        "rivals": "card tiling segmenter network photo_sets measuring training",
        "speed": "card tiling segmenter network training rivals",
    },
}


@dataclass(frozen=True)
class Import:
    """`module` imports `target` in `line`; lazily when it stands inside a function."""

    module: str
    target: str
    line: int
    lazy: bool

    def __str__(self):
        return f"{self.module}:{self.line} imports {self.target}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> dict[str, Path]:
    """Every module of the product by its dotted name."""
    paths = [ROOT / "app.py"]
    for folder in ("inspection", "models", "pages"):
        paths += sorted((ROOT / folder).rglob("*.py"))
    return {module_name(path): path for path in paths if path.is_file()}


SOURCES = sources()


# Read by the first test that asks: every process of a test run collects this file.
@functools.cache
def trees() -> dict[str, ast.Module]:
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in SOURCES.items()}


def imports_of(module: str) -> list[Import]:
    found = []

    def visit(node, lazy):
        inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(node, ast.Import):
            found.extend(Import(module, name.name, node.lineno, lazy) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                package = module.split(".")
                is_package = SOURCES[module].name == "__init__.py"
                above = package[: len(package) - node.level + is_package]
                origin = ".".join([*above, *filter(None, [node.module])])
            for name in node.names:
                deeper = f"{origin}.{name.name}"
                target = deeper if deeper in SOURCES else origin
                found.append(Import(module, target, node.lineno, lazy))
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(trees()[module], False)
    return found


@functools.cache
def imports() -> list[Import]:
    return [found for module in SOURCES for found in imports_of(module)]


def lies_in(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


def room_of(module: str) -> str | None:
    return next((room for room in ROOMS if lies_in(module, room)), None)


def test_every_module_of_the_product_stands_in_a_room():
    homeless = [name for name in SOURCES if name != "inspection" and room_of(name) is None]
    assert homeless == []


def test_a_module_imports_from_lower_floors_or_its_own_room_only():
    wrong = []
    for found in imports():
        mine, theirs = room_of(found.module), room_of(found.target)
        if theirs is None or mine == theirs:
            continue
        same_floor = ROOMS[mine] == ROOMS[theirs]
        # Floor 1 is one room in several files, and so are the ways in on floor 4.
        neighbours = same_floor and (
            ROOMS[mine] in (1, 4) or (mine, theirs) in ALLOWED_BETWEEN_NEIGHBOURS
        )
        if ROOMS[theirs] > ROOMS[mine] or (same_floor and not neighbours):
            wrong.append(str(found))
    assert wrong == []


def room_on_floor(module: str, floor: str) -> str | None:
    """The room of a floor that holds the module, "widgets" of "inspection.ui"; None outside."""
    return module[len(floor) + 1 :].split(".")[0] if module.startswith(f"{floor}.") else None


@pytest.mark.parametrize("floor", ARROWS)
def test_the_rooms_of_a_floor_import_each_other_along_the_stated_arrows_only(floor):
    allowed = ARROWS[floor]
    wrong = []
    for found in imports():
        mine, theirs = (room_on_floor(name, floor) for name in (found.module, found.target))
        if mine and theirs and mine != theirs and theirs not in allowed.get(mine, "").split():
            wrong.append(str(found))
    assert wrong == []


@pytest.mark.parametrize("floor", ARROWS)
def test_the_stated_arrows_form_no_circle_and_name_every_room(floor):
    rooms = list(ARROWS[floor])
    assert {room_on_floor(name, floor) for name in SOURCES} - {None} == set(rooms)
    backward = [
        (room, named)
        for place, room in enumerate(rooms)
        for named in ARROWS[floor][room].split()
        if named not in rooms[:place]
    ]
    assert backward == []


def test_no_two_test_files_share_a_name():
    """pytest loads test files by their names alone: of two, one would not be run."""
    seen = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        seen.setdefault(file.name, []).append(str(file.relative_to(ROOT)))
    assert [files for files in seen.values() if len(files) > 1] == []


def test_nothing_imports_a_page_or_the_server():
    wrong = [
        str(found)
        for found in imports()
        if room_of(found.target) in ("pages", "app") and room_of(found.module) != "app"
    ]
    assert wrong == []


@pytest.mark.parametrize("library", HOMES)
def test_each_library_stays_in_its_rooms(library):
    wrong = [
        str(found)
        for found in imports()
        if lies_in(found.target, library)
        and not any(lies_in(found.module, home) for home in HOMES[library])
    ]
    assert wrong == []


def test_the_ground_floor_needs_the_standard_library_and_numpy_only():
    # pydantic reads the settings; they are on the ground floor because every floor asks them.
    known = {*sys.stdlib_module_names, "numpy", "pydantic", "pydantic_settings", "inspection"}
    wrong = [
        str(found)
        for found in imports()
        if ROOMS.get(room_of(found.module)) == 1 and found.target.split(".")[0] not in known
    ]
    assert wrong == []


def test_services_import_the_models_lazily_if_at_all():
    wrong = [
        str(found)
        for found in imports()
        if room_of(found.module) == "inspection.services"
        and room_of(found.target) == "models"
        and not found.lazy
        and not (found.module.startswith(DEMO) and found.target in RENDERER)
    ]
    assert wrong == []


def test_a_query_is_written_under_storage_only():
    wrong = [
        f"{module}:{node.lineno}"
        for module, tree in trees().items()
        if not lies_in(module, "inspection.storage")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == "select")
            or (isinstance(node.func, ast.Attribute) and node.func.attr == "select")
        )
    ]
    assert wrong == []


def test_a_page_writes_into_the_log_through_a_service_only():
    writers = {
        (module, function.name)
        for module, tree in trees().items()
        if lies_in(module, "inspection.storage")
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        if any(isinstance(one, ast.Name) and one.id == "writing" for one in ast.walk(function))
    }
    wrong = []
    for module, tree in trees().items():
        if room_of(module) not in ("inspection.ui", "pages"):
            continue
        stored = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for name in node.names:
                    stored[name.asname or name.name] = f"{node.module}.{name.name}"
                    if (node.module, name.name) in writers:
                        wrong.append(f"{module}:{node.lineno}")
        wrong += [
            f"{module}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if (stored.get(node.value.id), node.attr) in writers
        ]
    assert ("inspection.storage.report.shift_notes", "write_note") in writers
    assert wrong == []


def test_the_log_shows_an_inspection_without_the_uploader():
    reached, waiting = set(), ["inspection.ui.log.detail"]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += [one.target for one in imports() if one.module == module]
    assert "inspection.ui.inspecting.inspection" in reached
    assert "inspection.ui.inspecting.sources" not in reached


def test_a_file_has_at_most_five_hundred_lines():
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("inspection", "models", "pages", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".js")
        and "migrations" not in path.parts
        and len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES
    }
    assert found == set()


def test_a_folder_has_at_most_sixteen_modules():
    modules = Counter(
        path.parent.relative_to(ROOT).as_posix()
        for folder in ("inspection", "models")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    )
    most = {"inspection/domain": 30, "inspection/storage": 30}
    assert [name for name, n in modules.items() if n > most.get(name, 16)] == []


def test_the_app_starts_without_loading_a_network_library():
    """The modules that the pages, the server and the API name at their top, in a fresh process."""
    named = {
        found.target
        for found in imports()
        if room_of(found.module) in ("pages", "app", "inspection.ui")
        and not found.lazy
        and found.target in SOURCES
    }
    named |= {"inspection.api", "inspection.cli.main", "inspection.services.station"} & set(SOURCES)
    # The router is a script: importing it would draw a page.
    modules = sorted(named - {"app", "inspection.ui.router"})
    code = (
        "import importlib, sys\n"
        f"for name in {modules}: importlib.import_module(name)\n"
        "heavy = {'tensorflow', 'keras', 'openvino', 'torch', 'jax'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {sorted(heavy)}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
