"""Which parts of a page the pages of its PDF cut, read from marks that are printed with them.

Each part gets a word at its start and one at its end; both must come out on one page of paper.
"""

import io
import re
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
from PIL import Image
from support.browser.browser import Browser

MARK = """
const marked = [];
const shown = (item) => item.getClientRects().length > 0;
function word(item, text, end, flows) {
  const mark = document.createElement('span');
  mark.textContent = text;
  mark.style.cssText = 'font: 4px monospace; color: #888;';
  if (flows) { if (end) item.append(mark); else item.prepend(mark); return; }
  if (getComputedStyle(item).position === 'static') item.style.position = 'relative';
  mark.style.cssText += 'position: absolute; left: 0;' + (end ? 'bottom: 0' : 'top: 0');
  item.append(mark);
}
function part(what, from, to) {
  if (!from || !to || !shown(from) || !shown(to)) return;
  const number = marked.length;
  const flows = (item) => item.matches('th, td, h2, h3, p, caption');
  word(from, `zq${number}b`, false, flows(from));
  word(to, `zq${number}e`, true, flows(to));
  marked.push(what);
}
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const firstLine = (block) => block.querySelector('tbody tr > *') ?? block.querySelector('p, h3, td')
  ?? block;
for (const of of all('figure:not(.tile)')) part(`figure ${of.id}`, of, of);
for (const of of all('tr')) {
  part(`line of ${of.closest('table').id || 'a table'}: ${of.textContent.slice(0, 60)}`,
    of.cells[0], of.cells[of.cells.length - 1]);
}
for (const of of all('.where')) part(`strip ${of.textContent}`, of, of.nextElementSibling);
for (const of of all('p.note')) part(`note ${of.textContent.slice(0, 60)}`, of, of);
for (const of of all('section')) {
  part(`heading ${of.id}`, of.querySelector('h2'), firstLine(of.querySelector('.blocks > *')));
}
for (const of of all('caption')) {
  part(`caption ${of.textContent.slice(0, 60)}`, of, of.parentElement.querySelector('tbody td'));
}
for (const of of all('article')) {
  part(`category ${of.querySelector('h3').textContent}`, of.querySelector('h3'),
    of.querySelector('.tiles'));
}
return marked;
"""


@dataclass(frozen=True)
class Paper:
    """Attributes:
    pages: Text of each page.
    parts: How many parts were marked.
    cut: Those that begin on one page and end on another, or were not found.
    ground: Brightness of most of the first page, from 0 for black to 255.
    """

    pages: list[str]
    parts: int
    cut: list[str]
    ground: float


def missing_reader() -> str:
    """Why no PDF can be read, "" where it can."""
    tools = all(map(shutil.which, ("pdftotext", "pdftoppm")))
    return "" if tools else "needs pdftotext and pdftoppm: apt-get install poppler-utils"


def printed_parts(browser: Browser) -> Paper:
    """Print the open page for one who prefers dark pages; it shows the marks from then on."""
    browser.look(scheme="dark", medium="print")
    parts: list[str] = browser.run(MARK)
    pdf = browser.printed()
    pages = _told(pdf, "pdftotext", "-", "-").decode().removesuffix("\f").split("\f")
    places = {mark: page for page, of in enumerate(pages) for mark in re.findall(r"zq\d+[be]", of)}
    cut = [
        f"{what}: pages {places.get(f'zq{i}b')} and {places.get(f'zq{i}e')}"
        for i, what in enumerate(parts)
        if places.get(f"zq{i}b", -1) != places.get(f"zq{i}e", -2)
    ]
    first = Image.open(io.BytesIO(_told(pdf, "pdftoppm", "-gray", "-r", "10", "-singlefile")))
    return Paper(pages, len(parts), cut, float(np.median(np.asarray(first))))


def _told(pdf: bytes, *command: str) -> bytes:
    return subprocess.run(command, input=pdf, capture_output=True, check=True).stdout
