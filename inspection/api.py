"""The HTTP API under /api/v1: the same services as the pages, on the same port.

It also serves the photos and masks that the pages show. There is no sign-in yet: who reaches the
port may use it, which is why the server listens on localhost unless told otherwise and why
`inspection.door` stands in front of it.
"""

import asyncio
import base64
from collections.abc import Callable
from typing import Annotated

from fastapi import FastAPI, File, Form, Path, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from inspection import charts
from inspection.domain.inspections import Subject
from inspection.errors import (
    AlreadyInspected,
    Conflict,
    InspectionError,
    ModelRefused,
    NotFound,
    UnreadableImage,
    WorkerFailed,
    without_paths,
)
from inspection.imaging import codec
from inspection.services import export_jobs, inspecting
from inspection.services.station import Station
from inspection.storage import reading

_STATUS = {
    UnreadableImage: 422,
    NotFound: 404,
    AlreadyInspected: 409,
    Conflict: 409,
    ModelRefused: 503,
    WorkerFailed: 503,
}

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
        body = {"error": without_paths(str(error))}
        if isinstance(error, AlreadyInspected):
            body["inspection_id"] = error.inspection_id
        return JSONResponse(body, _STATUS.get(type(error), 400))

    @api.exception_handler(HTTPException)
    async def refused_below_us(request: Request, error: HTTPException):
        # An unknown address or a broken multipart body; the error stands where it always stands.
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)

    @api.exception_handler(RequestValidationError)
    async def wrong_request(request: Request, error: RequestValidationError):
        if request.url.path.endswith("/mask-file"):
            # The phone client's contract: a missing file is a 404 with this message.
            return JSONResponse({"message": "File is missing"}, 404)
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][1:])
        return JSONResponse({"error": f"field {name!r}: {first['msg']}"}, 400)

    @api.get("/health")
    def health():
        """Whether photos can be inspected, and by which model."""
        station = station_of()
        model = station.worker.model
        return {
            "status": "ok" if model.is_ready else "no model",
            "model": {"name": model.name, "sha256": model.sha256},
            "error": model.error and without_paths(model.error),
            "inspections": reading.count(station.engine, reading.LogFilter()),
        }

    @api.post("/inspections")
    async def inspect(
        file: Annotated[UploadFile, File()],
        vehicle_model: Annotated[str, Form()] = "",
        body_number: Annotated[str, Form()] = "",
        panel: Annotated[str, Form()] = "",
        colour: Annotated[str, Form()] = "",
        station: Annotated[str, Form()] = "",
        line: Annotated[str, Form()] = "",
        inspector: Annotated[str, Form()] = "",
        mm_per_px: Annotated[float | None, Form(gt=0, lt=100)] = None,
        again: Annotated[bool, Form()] = False,
        request_id: Annotated[str | None, Form(max_length=64)] = None,
    ):
        """Inspect and log one photo."""
        subject = Subject(vehicle_model, body_number, panel, colour, station, line, inspector)
        async with in_memory:
            content, name = await _read(file, station_of())
            inspected = await run_in_threadpool(
                inspecting.inspect_photo,
                station_of(),
                content,
                name,
                subject,
                mm_per_px=mm_per_px,
                again=again,
                source="api",
                request_id=request_id,
            )
        return inspecting.inspection_json(
            inspected.inspection, name, inspected.id, station_of().settings.first_day
        )

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
        where = reading.LogFilter(
            vehicle_model=vehicle_model,
            panel=panel,
            verdict=verdict,
            body_number=body_number,
            inspector=inspector,
        )
        page = reading.log_page(station_of().engine, where, after=before, limit=limit)
        return Response(
            page.to_json(orient="records", date_format="iso", force_ascii=False),
            media_type="application/json",
        )

    @api.get("/inspections/{number}")
    def inspection(number: _Number):
        """One inspection with its defects and everything people said about it."""
        station = station_of()
        detail = reading.inspection_detail(station.engine, number)
        return inspecting.detail_json(detail, station.settings.first_day)

    @api.get("/inspections/{number}/photo")
    def photo(number: _Number):
        """The photo at full resolution, re-encoded as JPEG without metadata."""
        station = station_of()
        detail = reading.inspection_detail(station.engine, number)
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
    ):
        """The defect mask as 8-bit PNG; other thresholds re-cut it from the kept map."""
        station = station_of()
        detail = reading.inspection_detail(station.engine, number)
        cut = inspecting.mask_again(station, detail, threshold, smallest_px)
        return Response(codec.encode_png(cut), media_type="image/png", headers=_FOR_EVER)

    @api.get("/chart-library")
    def chart_library():
        """What draws the pages' charts, for a browser that saves one as a picture."""
        return FileResponse(charts.LIBRARY_FILE, media_type="text/javascript", headers=_FOR_EVER)

    @api.post("/mask-file")
    async def mask_file(file: Annotated[UploadFile, File()]):
        """The original project's call, kept for its phone client: the soft mask as base64 JPEG."""
        station = station_of()
        async with in_memory:
            content, name = await _read(file, station)
            _, evidence = await run_in_threadpool(station.worker.inspect, content, name)
        grey = codec.decode_grey(evidence.probability_png)
        # A phone shows the mask over a preview: nothing beyond its screen is worth sending.
        content = codec.encode_thumbnail(grey, 1280)
        return {"content": base64.b64encode(content).decode(), "message": "성공"}

    return api


async def _read(file: UploadFile, station: Station) -> tuple[bytes, str]:
    limit = station.settings.max_upload_mb * 2**20
    name = file.filename or "photo"
    content = await file.read(limit + 1)
    if len(content) > limit:
        raise UnreadableImage(f"{name}: larger than {station.settings.max_upload_mb} MB")
    return content, name
