"""Where photos come from: dropped files and folders, the camera, the plant's photo folders.

Whatever the source, photos become orders of one batch. Their bytes are set aside on disk at once
and never kept in the session.
"""

import json
from collections.abc import Mapping

import streamlit as st

from inspection.domain.inspections import Subject
from inspection.errors import InspectionError
from inspection.imaging.photo_folders import PHOTO_SUFFIXES
from inspection.services.photo import batches, browsing
from inspection.services.photo.arriving import photos
from inspection.services.photo.batches import Order
from inspection.services.photo.browsing import SIDECAR
from inspection.services.photo.sidecars import (
    DroppedFacts,
    PhotoFacts,
    dropped_facts,
    facts_of_photo,
    photo_facts,
)
from inspection.services.station import shared_station
from inspection.ui.inspecting import arrival
from inspection.ui.inspecting.capture import LABELS, capture
from inspection.ui.inspecting.kept_files import forget_files, round_of
from inspection.ui.inspecting.network_cameras import from_network_cameras
from inspection.ui.inspecting.subject import described, is_known, prefill, typed_fields
from inspection.ui.keys import KEYS
from inspection.ui.markdown import as_written
from inspection.ui.session import REMEMBERED, digits, error_text, number, plain, t
from inspection.ui.widgets.address import following
from inspection.ui.widgets.links import page_file, waiting_url
from inspection.ui.widgets.words import time_text, word

SOURCES = {
    "upload": ":material/upload_file:",
    "camera": ":material/photo_camera:",
    "browse": ":material/folder_open:",
    "network_camera": ":material/videocam:",
}
PHOTOS_A_PAGE = 12
_SIDECAR = ".json"
# Key of the last photo that this device's camera has brought.
_TAKEN = "capture_taken"


def photo_source(subject: Subject, mm_per_px: float | None) -> list[Order]:
    """Ask for photos by the chosen source; answers those that are to be inspected now.

    A single photo of which something is unsure is opened by its key instead (`arrival`).
    """
    source = _chosen_source()
    if source == "camera":
        return _from_camera(subject, mm_per_px)
    if source == "browse":
        return _from_folders(subject, mm_per_px)
    if source == "network_camera":
        return from_network_cameras(subject, mm_per_px)
    return _from_upload(subject, mm_per_px)


def _chosen_source() -> str:
    """The source in the address (`?source=`), which the control writes and follows."""
    asked = st.query_params.get("source")
    offered = dict(SOURCES)
    if not shared_station().settings.cameras:
        del offered["network_camera"]
    chosen = asked if asked in offered else "camera" if _is_phone() else "upload"
    labels = {code: f"{icon} {t(f'source.{code}')}" for code, icon in offered.items()}
    st.segmented_control(
        t("source.title"),
        list(labels),
        format_func=labels.get,
        required=True,
        width="stretch",
        label_visibility="collapsed",
        **following("source", chosen, key="photo_source"),
    )
    return chosen


def _is_phone() -> bool:
    """Whether the browser says that it runs on a phone or a tablet, whose camera comes first."""
    said = str(st.context.headers.get("User-Agent", ""))
    return any(device in said for device in ("Mobi", "Android", "iPad"))


def drop_zone(subject: Subject) -> list[Order]:
    """The place to drop photos, for another page than Inspect; answers those that are to be
    inspected now."""
    return _from_upload(subject, None, is_elsewhere=True)


def _from_upload(
    subject: Subject, mm_per_px: float | None, *, is_elsewhere: bool = False
) -> list[Order]:
    whole_folder = st.session_state.get("upload_whole_folder", False)
    _in_our_words(
        "[data-testid=stFileUploaderDropzone] [data-testid=stBaseButton-secondary]",
        t("source.pick_folder" if whole_folder else "source.pick_files"),
    )
    largest_mb = _largest_mb()
    files = st.file_uploader(
        t("source.drop_folder" if whole_folder else "source.drop_photos", largest_mb=largest_mb),
        # In a folder the rest is passed over; a single file of a wrong kind is named with its
        # reason by the gate.
        type=sorted(ending[1:] for ending in (*PHOTO_SUFFIXES, _SIDECAR)) if whole_folder else None,
        accept_multiple_files="directory" if whole_folder else True,
        max_upload_size=largest_mb,
        key=f"upload_{round_of('upload')}_{whole_folder}",
    )
    st.toggle(t("source.whole_folder"), key="upload_whole_folder", persist_state="session")
    files, facts = _without_sidecars(files)
    if whole_folder:
        files, left_out = browsing.photos_of_upload(files)
        if sentence := browsing.left_out_sentence(t, left_out):
            st.toast(sentence, icon=":material/filter_alt:", duration="long")
    return _set_aside("upload", files, subject, mm_per_px, facts, is_elsewhere)


def _without_sidecars(files):
    """The photos of an upload, and what its JSON files say of those beside them."""
    facts: dict[tuple[str, str], PhotoFacts] = {}
    photos = []
    for file in files:
        if not file.name.lower().endswith(_SIDECAR):
            photos.append(file)
            continue
        try:
            facts.update(dropped_facts(file.getvalue(), file.name))
        except InspectionError as error:
            st.warning(as_written(error_text(error)), icon=":material/warning:")
    return photos, facts


def _from_camera(subject: Subject, mm_per_px: float | None) -> list[Order]:
    capture(
        "capture",
        waiting_url(),
        {name: plain(f"capture.{name}", mb=_largest_mb()) for name in LABELS},
        st.session_state.get(_TAKEN, ""),
        _photo_came,
    )
    if not st.toggle(t("source.webcam"), key="camera_of_this_computer", persist_state="session"):
        return []
    st.caption(f":material/blur_on: {t('source.webcam_coarse')}")
    _in_our_words("[data-testid=stCameraInputButton]", t("source.shoot"))
    taken = st.camera_input(
        t("source.take_photo"), key=f"camera_{round_of('camera')}", help=t("source.camera_help")
    )
    return _set_aside("camera", [taken] if taken else [], subject, mm_per_px, {})


def _photo_came(key: str) -> None:
    """A photo of this device's camera has arrived; one that the browser still names is no news."""
    st.session_state[_TAKEN] = key
    if photos.find(shared_station(), key):
        arrival.open_photo(key)


def _largest_mb() -> int:
    return shared_station().settings.max_upload_mb


def _set_aside(
    source: str,
    files,
    subject: Subject,
    mm_per_px: float | None,
    facts: DroppedFacts,
    is_elsewhere: bool = False,
) -> list[Order]:
    if len(files) == 1 and (source == "camera" or facts or not is_known()):
        (file,) = files
        sidecar = facts_of_photo(facts, file.name)
        content = file.getbuffer()
        key = photos.receive(shared_station(), content, file.name, source=source, sidecar=sidecar)
        # From here on it is safe on disk, and found by the address.
        arrival.open_photo(key)
        forget_files()
        if is_elsewhere:
            st.switch_page(page_file("inspect"), query_params={"photo": key})
        st.rerun()
    orders = []
    for file in files:
        where = batches.set_aside(shared_station(), file.getbuffer())
        known = facts_of_photo(facts, file.name)
        orders.append(
            batches.order_for(
                shared_station(),
                file.name,
                described(subject, known) if known else subject,
                where,
                mm_per_px=(known and known.mm_per_px) or mm_per_px,
                scale_source="file" if known and known.mm_per_px else "person",
                source=source,
                ticket=file.file_id,
                typed=_typed(known),
            )
        )
    return orders


def _typed(known: PhotoFacts | None) -> tuple[str, ...]:
    """Fields that a photo of a batch takes as they are said here, whatever it says of itself."""
    said = [name for name in REMEMBERED if known and getattr(known, name)]
    return tuple(dict.fromkeys([*typed_fields(), *said]))


def _from_folders(subject: Subject, mm_per_px: float | None) -> list[Order]:
    root = _chosen_root()
    if root is None:
        st.info(t("source.no_folders"), icon=":material/folder_off:")
        return []
    place = st.session_state.get("browse_place", "")
    try:
        view = browsing.open_folder(shared_station(), root, place)
    except InspectionError as error:
        st.warning(as_written(error_text(error)), icon=":material/folder_off:")
        st.button(t("source.to_root"), icon=":material/home:", on_click=_go, args=("",))
        return []
    _folder_bar(view)
    if sentence := browsing.left_out_sentence(t, view.left_out):
        st.caption(f":material/filter_alt: {sentence}")
    if not view.photos:
        st.info(t("source.empty_folder"), icon=":material/image_not_supported:")
        return []
    facts = _facts(root, view.place)
    chosen = _chosen_photos(view)
    starts = _selection_bar(view, chosen)
    if facts:
        st.caption(f":material/description: {t('source.known_facts', file=SIDECAR)}")
    _photo_grid(root, view, facts, chosen)
    if not starts:
        return []
    return [_order_of(root, photo, subject, mm_per_px, facts, len(chosen) > 1) for photo in chosen]


def _chosen_root() -> str | None:
    roots = list(shared_station().settings.photo_folders)
    if len(roots) < 2:
        return roots[0] if roots else None
    labels = {root: as_written(word("source.folder", root)) for root in roots}
    return st.segmented_control(
        t("source.folder_title"),
        roots,
        default=roots[0],
        key="browse_root",
        format_func=labels.get,
        on_change=_go,
        args=("",),
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )


def _go(place: str) -> None:
    """Open another folder; what was chosen in the last one is no longer in sight."""
    st.session_state["browse_place"] = place
    st.session_state["browse_chosen"] = []


def _folder_bar(view: browsing.FolderView) -> None:
    if view.above is None and not view.folders:
        return
    with st.container(horizontal=True, gap="small"):
        if view.above is not None:
            st.button(
                t("source.folder_above"),
                key="browse_above",
                icon=":material/drive_folder_upload:",
                on_click=_go,
                args=(view.above,),
            )
        for place in view.folders:
            st.button(
                as_written(browsing.shown_place(place).rsplit("/", 1)[-1]),
                key=f"browse_into_{place}",
                icon=":material/folder:",
                on_click=_go,
                args=(place,),
            )
    if view.place:
        st.caption(as_written(browsing.shown_place(view.place)))


def _facts(root: str, place: str) -> Mapping[str, PhotoFacts]:
    try:
        return photo_facts(shared_station(), root, place)
    except InspectionError as error:
        # The photos can be inspected without their sidecar.
        st.warning(as_written(error_text(error)), icon=":material/warning:")
        return {}


def _chosen_photos(view: browsing.FolderView) -> list[browsing.FolderPhoto]:
    places = st.session_state.setdefault("browse_chosen", [])
    return [photo for photo in view.photos if photo.place in places]


def _selection_bar(view: browsing.FolderView, chosen: list[browsing.FolderPhoto]) -> bool:
    """The buttons over the photos; answers whether the chosen ones are to be inspected."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        starts = st.button(
            t("source.inspect_chosen", n=len(chosen)) if chosen else t("source.choose_first"),
            key="browse_start",
            icon=":material/center_focus_strong:",
            type="primary",
            disabled=not chosen,
            shortcut=KEYS["inspect"],
        )
        st.button(
            t("source.choose_all", n=len(view.photos)),
            key="browse_all",
            icon=":material/select_all:",
            on_click=_choose,
            args=([photo.place for photo in view.photos],),
        )
        if chosen:
            st.button(
                t("source.choose_none"),
                key="browse_none",
                icon=":material/deselect:",
                on_click=_choose,
                args=([],),
            )
    return starts


def _choose(places: list[str]) -> None:
    st.session_state["browse_chosen"] = places


def _photo_grid(
    root: str,
    view: browsing.FolderView,
    facts: Mapping[str, PhotoFacts],
    chosen: list[browsing.FolderPhoto],
) -> None:
    pages = -(-len(view.photos) // PHOTOS_A_PAGE)
    page = st.pagination(pages, key=f"browse_page_{root}_{view.place}") if pages > 1 else 1
    in_sight = view.photos[(page - 1) * PHOTOS_A_PAGE : page * PHOTOS_A_PAGE]
    with st.spinner(t("source.making_thumbnails")):
        thumbnails = [browsing.thumbnail(shared_station(), root, photo) for photo in in_sight]
    with st.grid("auto", min_column_width=190, gap="small", border=True) as grid:
        for photo, thumbnail in zip(in_sight, thumbnails, strict=True):
            with grid.cell():
                _photo_card(photo, thumbnail, facts.get(photo.name), photo in chosen)


def _photo_card(photo, thumbnail, facts: PhotoFacts | None, is_chosen: bool) -> None:
    if thumbnail:
        st.image(str(thumbnail), width="stretch")
    else:
        st.caption(f":material/broken_image: {t('source.no_preview')}")
    st.button(
        t("source.chosen" if is_chosen else "source.choose"),
        key=f"browse_pick_{photo.place}",
        icon=":material/check_box:" if is_chosen else ":material/check_box_outline_blank:",
        type="primary" if is_chosen else "secondary",
        width="stretch",
        on_click=_toggle,
        args=(photo.place, facts),
    )
    st.text(photo.name)
    st.caption(as_written(_card_words(photo, facts)))


def _card_words(photo: browsing.FolderPhoto, facts: PhotoFacts | None) -> str:
    if facts is None:
        return f"{time_text(photo.changed_at)} · {number(photo.size_bytes / 2**20, 1)} MB"
    known = [word("panel", facts.panel)] if facts.panel else []
    known += [word("colour", facts.colour)] if facts.colour else []
    known += [f"{digits(facts.mm_per_px, 'g')} mm/px"] if facts.mm_per_px else []
    return " · ".join(known)


def _toggle(place: str, facts: PhotoFacts | None) -> None:
    places = st.session_state["browse_chosen"]
    chosen = [other for other in places if other != place] if place in places else [*places, place]
    _choose(chosen)
    if chosen == [place] and facts:
        # What is known of the one chosen photo stands in the form, where it can be corrected.
        prefill(facts)


def _order_of(
    root: str,
    photo: browsing.FolderPhoto,
    subject: Subject,
    mm_per_px: float | None,
    facts: Mapping[str, PhotoFacts],
    is_one_of_several: bool,
) -> Order:
    known = facts.get(photo.name)
    if is_one_of_several and known:
        subject, mm_per_px = described(subject, known), known.mm_per_px or mm_per_px
    return batches.order_for(
        shared_station(),
        photo.name,
        subject,
        {"root": root, "place": photo.place},
        mm_per_px=mm_per_px,
        scale_source="file" if known and mm_per_px == known.mm_per_px else "person",
        source="browse",
    )


def _in_our_words(button: str, words: str) -> None:
    """Replace the English word on a button that Streamlit draws itself.

    button: its CSS selector. words: from the texts.
    """
    # The word stands in the button itself or in a paragraph within it, beside an icon.
    place = f":is({button}:not(:has(p)), {button} p)"
    st.html(
        "<style>"
        f"{place} {{font-size: 0;}}"
        f"{place}::after {{content: {json.dumps(words, ensure_ascii=False)}; font-size: 1rem;}}"
        "</style>"
    )
