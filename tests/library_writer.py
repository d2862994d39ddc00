"""Saves analyses until it is killed, as `python library_writer.py FILE FIRST [LARGEST]`.

It prints an id as soon as it has been told that it is saved. FIRST numbers the first analysis; LARGEST is how many
bytes the system lets a file have.
"""

import resource
import sys
from itertools import count
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import samples  # noqa: E402 - needs the path above

from heta_core.library import writing  # noqa: E402
from heta_core.library.entry import Shelf  # noqa: E402

shelf, first = Shelf(Path(sys.argv[1])), int(sys.argv[2])
for largest in sys.argv[3:]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), int(largest)))
for k in count(first):
    print(writing.save(shelf, samples.result(samples.words(f"Number {k} has a green cup."))), flush=True)
