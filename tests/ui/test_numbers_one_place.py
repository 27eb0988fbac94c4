"""Pages round and write numbers, shares and moments in one place (`domain/numbers`, `ui/words`).

Python's own formats round a half to the even digit and know no plant clock: two pages would show
the same figure differently.
"""

import re

from inspection.config import REPOSITORY

OWN_FORMAT = re.compile(r":,?\.\d+[f%]\}|:[,g]\}|%Y-%m|strftime")
# Two that nobody reads: the words' home, and the moment that the server's own log is searched by.
EXCEPT = {
    "inspection/ui/widgets/words.py": 1,
    "inspection/ui/guarded.py": 1,
    # The address of a picture.
    "inspection/ui/widgets/links.py": 1,
}


def test_no_page_writes_a_number_or_a_moment_in_a_format_of_its_own():
    pages = [*(REPOSITORY / "pages").glob("*.py"), *(REPOSITORY / "inspection/ui").rglob("*.py")]
    found = {
        str(page.relative_to(REPOSITORY)): len(OWN_FORMAT.findall(page.read_text("utf-8")))
        for page in pages
    }
    assert {page: n for page, n in found.items() if n} == EXCEPT
