"""HTML files that people take away: each laid out by a template that lies beside its writer.

What a template is given is text and comes out as text, whatever stands in it.
"""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_FOLDER = Path(__file__).parent


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def html_page(template: str, **values: object) -> str:
    """The page that a template makes of these values. template: its path below `services`."""
    return _environment().get_template(template).render(values)
