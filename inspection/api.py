"""The HTTP API under /api/v1: the same services as the pages, on the same port.

It also serves the photos and masks that the pages show. There is no sign-in yet: who reaches the
port may use it, which is why the server listens on localhost unless told otherwise and why
`inspection.door` stands in front of it.
"""

import asyncio
import base64
import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import FastAPI, File, Form, Path, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inspection.charts.look import LIBRARY_FILE
from inspection.domain.inspections import Subject
from inspection.domain.letters import showable
from inspection.errors import (
    AlreadyInspected,
    Conflict,
    CorrectionRefused,
    CountingRefused,
    DiskFull,
    InspectionError,
    ModelRefused,
    NotFound,
    PossibleDuplicate,
    RequestRefused,
    SettingsError,
    SpecError,
    StorageError,
    TooLarge,
    UnreadableImage,
    WorkerFailed,
    without_paths,
    writing_failed,
)
from inspection.i18n import error_sentence, translator
from inspection.imaging import codec
from inspection.services.health import urgent_troubles
from inspection.services.log import export_jobs
from inspection.services.photo import correcting, counting, inspecting, record_json
from inspection.services.photo.arriving import photos as arriving
from inspection.services.station import Station
from inspection.storage import log_detail, log_filter, log_list

# By the class of an error, or of the one it is a kind of. From 500 on: the server's own trouble.
_STATUS = {
    InspectionError: 400,
    TooLarge: 413,
    UnreadableImage: 422,
    NotFound: 404,
    AlreadyInspected: 409,
    PossibleDuplicate: 409,
    Conflict: 409,
    CorrectionRefused: 422,
    ModelRefused: 503,
    WorkerFailed: 503,
    SettingsError: 503,
    SpecError: 503,
    StorageError: 503,
    DiskFull: 507,
}
_ENGLISH = translator("en")
_log = logging.getLogger(__name__)

# Of a row in the log; beyond it the database would fail instead of finding nothing.
_LARGEST_NUMBER = 2**63 - 1
_Number = Annotated[int, Path(le=_LARGEST_NUMBER)]

# A photo under its hash never changes: the browser may keep it.
_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}


def create_api(station_of: Callable[[], Station]) -> FastAPI:
    """The API over one station. Its own documentation page would need a CDN, so it has none."""
    api = FastAPI(title="Paint-line inspection", docs_url=None, redoc_url=None)
    # Of the photos that wait for the worker, only so many are in memory; the others lie on disk.
    in_memory = asyncio.Semaphore(2)

    @api.exception_handler(InspectionError)
    async def our_error(request: Request, error: InspectionError):
        zone = station_of().calendar.zone
        body = {"error": without_paths(error_sentence(_ENGLISH, error, zone))}
        if isinstance(error, AlreadyInspected):
            body["inspection_id"] = error.inspection_id
        if isinstance(error, PossibleDuplicate):
            body["possible_duplicate_of"] = error.inspection_id
        return JSONResponse(body, _status_of(error))

    @api.exception_handler(HTTPException)
    async def refused_below_us(request: Request, error: HTTPException):
        # An unknown address or a broken multipart body; the error stands where it always stands.
        if isinstance(error.__cause__, OSError):
            raise error.__cause__
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)

    @api.exception_handler(RequestValidationError)
    async def wrong_request(request: Request, error: RequestValidationError):
        if request.url.path.endswith("/mask-file"):
            # The phone client's contract: a missing file is a 404 with this message.
            return JSONResponse({"message": "File is missing"}, 404)
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][1:])
        if first["type"] == "missing":
            return JSONResponse({"error": str(RequestRefused("request_missing", name=name))}, 400)
        return JSONResponse({"error": f"field {name!r}: {first['msg']}"}, 400)

    @api.get("/health")
    def health():
        """Whether photos can be inspected and logged, and by which model; 503 where they cannot."""
        try:
            station = station_of()
        except InspectionError as error:
            return JSONResponse({"status": "trouble", "error": without_paths(str(error))}, 503)
        model = station.worker.model
        problems = [without_paths(one) for one in urgent_troubles(station.settings)]
        inspections = None
        try:
            inspections = log_list.count(station.engine, log_filter.LogFilter())
        except InspectionError as error:
            problems.append(without_paths(str(error)))
        status = "ok" if model.is_ready else "no model"
        body = {
            "status": "trouble" if problems else status,
            "model": {"name": model.name, "sha256": model.sha256},
            "error": problems[0] if problems else model.error and without_paths(str(model.error)),
            "problems": problems,
            "inspections": inspections,
        }
        return JSONResponse(body, 503 if problems else 200)

    @api.post("/inspections")
    async def inspect(
        request: Request,
        file: Annotated[UploadFile, File()],
        vehicle_model: Annotated[str, Form()] = "",
        body_number: Annotated[str, Form()] = "",
        panel: Annotated[str, Form()] = "",
        colour: Annotated[str, Form()] = "",
        station: Annotated[str, Form()] = "",
        line: Annotated[str, Form()] = "",
        inspector: Annotated[str, Form()] = "",
        mm_per_px: Annotated[float | None, Form()] = None,
        again: Annotated[bool, Form()] = False,
        another: Annotated[bool, Form()] = False,
        request_id: Annotated[str | None, Form(max_length=64)] = None,
    ):
        """Inspect and log one photo; a request id that wrote one before answers that one."""
        await _refuse_twice(request)
        fields = (vehicle_model, body_number, panel, colour, station, line, inspector)
        async with in_memory:
            content, name = await _read(file, station_of())
            return await run_in_threadpool(
                _inspect,
                station_of(),
                content,
                name,
                fields,
                mm_per_px=mm_per_px,
                again=again,
                another=another,
                source="api",
                request_id=request_id,
            )

    @api.post("/waiting", status_code=201)
    async def wait(request: Request, file: Annotated[UploadFile, File()]):
        """Set a phone's photo aside; the Inspect page asks about it (`?photo=ID`) and inspects."""
        await _refuse_twice(request)
        content, name = await _read(file, station_of())
        received = partial(arriving.receive, source="camera", walks=True)
        key = await run_in_threadpool(received, station_of(), content, name)
        return {"id": key, "file": name, "size_bytes": len(content)}

    @api.get("/inspections")
    def inspections(
        vehicle_model: str = "",
        panel: str = "",
        verdict: str = "",
        body_number: str = "",
        inspector: str = "",
        before: Annotated[int | None, Query(ge=1, le=_LARGEST_NUMBER)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ):
        """The newest inspections first; go on with `before` = the last id of a page."""
        where = log_filter.LogFilter(
            vehicle_model=vehicle_model,
            panel=panel,
            verdict=verdict,
            body_number=body_number,
            inspector=inspector,
        )
        page = log_list.log_page(station_of().engine, where, after=before, limit=limit)
        return Response(
            page.to_json(orient="records", date_format="iso", force_ascii=False),
            media_type="application/json",
        )

    @api.get("/inspections/{number}")
    def inspection(number: _Number):
        """One inspection with its defects and everything people said about it."""
        station = station_of()
        detail = log_detail.inspection_detail(station.engine, number)
        return record_json.detail_json(detail, station.settings.first_day)

    def _speak(number: int, act: Callable, answers_new: bool) -> dict:
        station = station_of()
        done = act(station, log_detail.inspection_detail(station.engine, number))
        detail = log_detail.inspection_detail(station.engine, done if answers_new else number)
        return record_json.detail_json(detail, station.settings.first_day)

    for path, act, answers_new in (
        ("void", _void, False),
        ("restore", _restore, False),
        ("scale", _correct_scale, True),
        ("same-photo", _answer, False),
    ):
        api.post(f"/inspections/{{number}}/{path}")(_saying(act, _speak, answers_new))

    @api.post("/inspections/{number}/corrections", status_code=201)
    async def correct(request: Request, number: _Number, mask: Annotated[UploadFile, File()]):
        """Keep the regions that a person drew, measured and judged, beside the machine's record.

        mask: PNG of 8 or 16 bits and the upright photo's size, 0 = none, n = region n. correction:
        JSON {who, reason, based_on, regions: [{n, type}]}. Answers the new record."""
        await _refuse_twice(request)
        async with in_memory:
            content, name = await _read(mask, station_of())
            said = await _text_of(request, "correction")
            return await run_in_threadpool(_correct, station_of(), number, content, name, said)

    @api.get("/inspections/{number}/corrections")
    def corrections(number: _Number):
        """The corrections of an inspection, oldest first; the last one stands."""
        station = station_of()
        detail = log_detail.inspection_detail(station.engine, number)
        first_day = station.settings.first_day
        return [record_json.correction_json(detail, one, first_day) for one in detail.corrections]

    @api.get("/inspections/{number}/corrections/{correction}/mask")
    def correction_mask(number: _Number, correction: _Number):
        """The mask of a correction, pixel for pixel as it came."""
        station = station_of()
        detail = log_detail.inspection_detail(station.engine, number)
        numbered = correcting.numbered_correction(detail, correction)
        content = correcting.drawn_mask(station, detail, numbered)
        return Response(content, media_type="image/png", headers=_FOR_EVER)

    @api.get("/inspections/{number}/regions")
    def regions(
        number: _Number,
        correction: Annotated[int | None, Query(ge=1, le=_LARGEST_NUMBER)] = None,
    ):
        """PNG that numbers the regions as `defects` lists them, 0 = none; over 255 of them a number
        is red + 256 times green. correction: those of that one."""
        station = station_of()
        detail = log_detail.inspection_detail(station.engine, number)
        numbered = correction and correcting.numbered_correction(detail, correction)
        numbers = correcting.region_numbers(station, detail, numbered or None)
        return Response(codec.encode_numbers(numbers), media_type="image/png", headers=_FOR_EVER)

    @api.get("/inspections/{number}/photo")
    def photo(number: _Number):
        """The photo at full resolution, re-encoded as JPEG without metadata."""
        station = station_of()
        detail = log_detail.inspection_detail(station.engine, number)
        return FileResponse(
            station.photos.display_path(detail.photo_sha256),
            media_type="image/jpeg",
            headers=_FOR_EVER,
        )

    @api.get("/photos/{sha256}/thumbnail")
    def thumbnail(sha256: str):
        """At most 320 px on the longer side."""
        path = station_of().photos.thumbnail_path(sha256)
        return FileResponse(path, media_type="image/jpeg", headers=_FOR_EVER)

    @api.get("/exports/{token}")
    def export(token: str):
        """A file that the Log page made, for an hour."""
        path, name = export_jobs.finished_file(token)
        return FileResponse(path, filename=name, headers={"Cache-Control": "no-store"})

    @api.get("/inspections/{number}/mask")
    def mask(
        number: _Number,
        threshold: Annotated[float | None, Query(gt=0, lt=1)] = None,
        smallest_px: Annotated[int | None, Query(ge=1, le=_LARGEST_NUMBER)] = None,
        correction: Annotated[int | None, Query(ge=1, le=_LARGEST_NUMBER)] = None,
    ):
        """The defect mask as 8-bit PNG; other thresholds re-cut it from the kept map. correction:
        as a person drew it in that one."""
        station = station_of()
        detail = log_detail.inspection_detail(station.engine, number)
        if correction is None:
            cut = inspecting.mask_again(station, detail, threshold, smallest_px)
        else:
            numbered = correcting.numbered_correction(detail, correction)
            cut = correcting.corrected_mask(station, detail, numbered)
        return Response(codec.encode_levels(cut), media_type="image/png", headers=_FOR_EVER)

    @api.get("/chart-library")
    def chart_library():
        """What draws the pages' charts, for a browser that saves one as a picture."""
        return FileResponse(LIBRARY_FILE, media_type="text/javascript", headers=_FOR_EVER)

    @api.post("/mask-file")
    async def mask_file(request: Request, file: Annotated[UploadFile, File()]):
        """The original project's call, kept for its phone client: the soft mask as base64 JPEG."""
        await _refuse_twice(request)
        station = station_of()
        async with in_memory:
            content, name = await _read(file, station)
            _, evidence = await run_in_threadpool(station.worker.inspect, content, name)
        grey = codec.decode_grey(evidence.probability_png)
        # A phone shows the mask over a preview: nothing beyond its screen is worth sending.
        content = codec.encode_thumbnail(grey, 1280)
        return {"content": base64.b64encode(content).decode(), "message": "성공"}

    api.add_middleware(_EveryAnswer)
    return api


class _EveryAnswer:
    """ASGI middleware: HEAD answers like GET, and an error that nobody foresaw is a sentence."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head, has_begun = scope["method"] == "HEAD", False

        async def answer(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            if is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        asked = {**scope, "method": "GET", "extensions": {}} if is_head else scope
        try:
            await self._app(asked, receive, answer)
        except Exception as error:
            if has_begun:
                raise
            _log.exception("%s %s failed", scope["method"], scope["path"])
            refusal: InspectionError = RequestRefused("request_failed")
            status = 500
            if isinstance(error, OSError) and writing_failed(error) is DiskFull:
                refusal = DiskFull("server_disk_full")
                status = _status_of(refusal)
            await JSONResponse({"error": str(refusal)}, status)(asked, receive, answer)


def _status_of(error: InspectionError) -> int:
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


async def _refuse_twice(request: Request) -> None:
    """Refuse a form that says one thing twice: which of the two was meant nobody can tell."""
    counted = Counter(name for name, _ in (await request.form()).multi_items())
    for name, times in counted.items():
        if times > 1:
            raise RequestRefused("request_field_twice", name=name[:80], times=times)


def _inspect(
    station: Station, content: bytes, name: str, fields: tuple[str, ...], *, request_id, **how
) -> dict:
    """Inspect one photo and answer its JSON; `fields` in the order of `Subject`."""
    stored = inspecting.stored_answer(station, content, request_id)
    if stored is None:
        try:
            inspected = inspecting.inspect_photo(
                station, content, name, Subject(*fields), request_id=request_id, **how
            )
        except AlreadyInspected:
            # By the same request, which was sent twice at the same moment?
            stored = inspecting.stored_answer(station, content, request_id)
            if stored is None:
                raise
        else:
            stored = inspecting.stored_answer(station, content, request_id)
    if stored is not None:
        name, inspected = stored.inspection.photo_name, stored
    return record_json.inspection_json(
        inspected.inspection, name, inspected.id, station.settings.first_day
    )


def _correct(station: Station, number: int, mask: bytes, name: str, text: str) -> dict:
    """Keep one correction and answer its JSON."""
    detail = log_detail.inspection_detail(station.engine, number)
    done = correcting.correct(station, detail, mask, name, correcting.read_said(text))
    detail = log_detail.inspection_detail(station.engine, number)
    numbered = correcting.numbered_correction(detail, done)
    return record_json.correction_json(detail, numbered, station.settings.first_day)


class _Said(BaseModel):
    """What a person says about an inspection, as JSON or as fields of a form."""

    reason: str = ""
    inspector: str = ""
    mm_per_px: float | None = None
    same: bool | None = None


def _saying(act: Callable, speak: Callable, answers_new: bool) -> Callable:
    """The route of a word about an inspection; what it does and says of itself is `act`'s."""

    async def route(number: _Number, request: Request):
        return await run_in_threadpool(
            speak, number, partial(act, await _said(request)), answers_new
        )

    route.__name__, route.__doc__ = act.__name__.strip("_"), act.__doc__
    return route


def _void(said: _Said, station: Station, detail: log_detail.InspectionDetail) -> int:
    """Leave an inspection out of every figure; fields: reason, inspector."""
    return counting.void(station, detail, said.reason, said.inspector)


def _restore(said: _Said, station: Station, detail: log_detail.InspectionDetail) -> int:
    """Take a void back; fields: inspector, reason (optional)."""
    return counting.restore(station, detail, said.inspector, said.reason)


def _correct_scale(said: _Said, station: Station, detail: log_detail.InspectionDetail) -> int:
    """Measure and judge anew with the right scale; fields: mm_per_px, reason, inspector.

    Answers the inspection that takes the place of this one."""
    if said.mm_per_px is None:
        raise CountingRefused("counting_no_scale", number=detail.id)
    return counting.correct_scale(station, detail, said.mm_per_px, said.reason, said.inspector)


def _answer(said: _Said, station: Station, detail: log_detail.InspectionDetail) -> int:
    """Answer "same photo again?"; fields: same (true or false), inspector."""
    if said.same is None:
        raise CountingRefused("counting_no_answer", number=detail.id)
    return counting.answer(station, detail, is_same=said.same, who=said.inspector)


async def _said(request: Request) -> _Said:
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            return _Said.model_validate(await request.json())
        async with request.form() as fields:
            return _Said.model_validate(dict(fields))
    except (ValidationError, ValueError, RecursionError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": ("body",)}
        name = ".".join(str(part) for part in first["loc"])
        raise CountingRefused(
            "request_field", name=name, why=first.get("msg", "is no JSON")
        ) from None


async def _text_of(request: Request, name: str) -> str:
    """A text of a form; a browser may send it as a file of its own (`Blob`)."""
    value = (await request.form()).get(name)
    if value is None:
        raise RequestRefused("request_missing", name=name)
    return value if isinstance(value, str) else (await value.read()).decode("utf-8", "replace")


async def _read(file: UploadFile, station: Station) -> tuple[bytes, str]:
    limit = station.settings.max_upload_mb * 2**20
    name = showable(file.filename or "photo")
    content = await file.read(limit + 1)
    if len(content) > limit:
        raise TooLarge("too_large_mb", name=name, most=station.settings.max_upload_mb)
    return content, name
