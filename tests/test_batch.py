"""A batch of versions: killed at any moment it goes on to the same bytes, and what cannot be written is told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pypdf
import pytest
from typer.testing import CliRunner, Result

from symprop.cli import app
from symprop.errors import Disagreement, UsageError
from symprop.exercise import load
from symprop.oracles import packs
from symprop.sampling import batch
from symprop.sampling.batch import Batch, Options
from symprop.sampling.shape import Shape

#: day12 with conditions under which it has hundreds of versions.
MANY = str(Path(__file__).parent / "cases" / "many.toml")
PROGRAM = [sys.executable, "-c", "from symprop.cli import run; run()", "variants", MANY]
N = 104


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """104 versions of day12 in LaTeX by one process."""
    folder = tmp_path_factory.mktemp("undisturbed")
    batch.run(wanted(), N, folder)
    return folder


def wanted(*to: str) -> Batch:
    return Batch(load(MANY), 135, Options(to or ("tex",)), every=False)


def contents(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def symprop(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def started(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(path: Path, lines: int, process: subprocess.Popen) -> None:
    """Until the manifest has so many lines, or the run is over."""
    while process.poll() is None and (not path.exists() or path.read_bytes().count(b"\n") < lines):
        time.sleep(0.002)


# ---------------------------------------------------------------------- interrupted
@pytest.mark.parametrize("moment", [0, 40, 103])
def test_a_killed_run_goes_on_to_the_bytes_of_an_undisturbed_one(moment: int, undisturbed: Path, here: Path) -> None:
    process = started("-n", str(N), "--to", "tex", "-o", "out")
    wait_for(here / "out" / "manifest.jsonl", moment + 1, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert symprop("variants", MANY, "-n", str(N), "--to", "tex", "-o", "out").exit_code == 0
    assert contents(here / "out") == contents(undisturbed)


def test_what_a_killed_run_left_beside_its_places_is_swept_away(undisturbed: Path, here: Path) -> None:
    batch.run(wanted(), 20, here / "out")
    (here / "out" / ".version-021.tex.part").write_bytes(b"half")
    (here / "out" / ".shard-21.part").write_bytes(b"half")
    with (here / "out" / "manifest.jsonl").open("ab") as file:
        file.write(b'{"number":21,"see')
    batch.run(wanted(), N, here / "out")
    assert contents(here / "out") == contents(undisturbed)


def test_an_interrupt_is_exit_code_130_and_one_line(here: Path) -> None:
    process = started("-n", "5000", "--to", "tex", "-o", "out")
    wait_for(here / "out" / "manifest.jsonl", 5, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out, err.strip().splitlines()[-1]) == (130, "", "symprop: interrupted")
    assert not [path for path in (here / "out").iterdir() if path.name.startswith(".")]


def test_workers_leave_the_bytes_of_one_process(undisturbed: Path, here: Path) -> None:
    batch.run(wanted(), N, here / "out", jobs=2)
    assert contents(here / "out") == contents(undisturbed)


def test_a_dask_cluster_leaves_the_bytes_of_one_process(undisturbed: Path, here: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        batch.run(wanted(), N, here / "out", backend="dask", scheduler=cluster.scheduler_address)
    assert contents(here / "out") == contents(undisturbed)


# ---------------------------------------------------------------------- what cannot be written
LIMITED = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from symprop.cli import run
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY))
run()
"""


@pytest.mark.parametrize("size", [12_000, 60_000])
def test_a_full_disk_is_one_message_and_a_manifest_to_go_on_with(size: int, undisturbed: Path, here: Path) -> None:
    # 12,000 bytes are too few for a page, 60,000 too few for the manifest
    arguments = ["variants", MANY, "-n", str(N), "--to", "tex", "-o", "out"]
    command = [sys.executable, "-c", LIMITED, str(size), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "versions are complete, the same command goes on from there" in done.stderr
    assert symprop(*arguments).exit_code == 0
    assert contents(here / "out") == contents(undisturbed)


def test_a_folder_that_cannot_be_written_is_one_message() -> None:
    result = symprop("variants", "day12", "-n", "2", "--to", "tex", "-o", "/proc/nothing")
    assert (result.exit_code, result.output.count("\n")) == (2, 1)


def test_other_files_of_the_folder_are_never_touched(here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "notes.txt").write_text("mine")
    (here / "out" / ".hidden.part").write_text("mine, too")
    batch.run(wanted("tex"), 3, here / "out")
    assert (here / "out" / "notes.txt").read_text() == "mine"
    assert (here / "out" / ".hidden.part").read_text() == "mine, too"


def test_a_version_that_belongs_to_no_manifest_is_told_and_left_alone(here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "version-002.tex").write_text("mine")
    with pytest.raises(UsageError, match=r"holds version-002\.tex but no manifest\.jsonl"):
        batch.run(wanted("tex"), 3, here / "out")
    assert contents(here / "out") == {"version-002.tex": b"mine"}


def test_a_changed_page_is_said_and_left_alone_and_a_lost_one_made_again(here: Path) -> None:
    batch.run(wanted("tex"), 3, here / "out")
    before = contents(here / "out")
    (here / "out" / "version-001.tex").write_text("mine")
    (here / "out" / "version-002.tex").unlink()
    outcome = batch.run(wanted("tex"), 3, here / "out")
    assert outcome.remarks == (
        "made again: version-002",
        "version-001.tex was changed since it was made; left as it is",
    )
    assert contents(here / "out") == {**before, "version-001.tex": b"mine"}


# ---------------------------------------------------------------------- what is told
BAD = [
    ("-n 0", '-n: found "0"; wanted an integer of at least 1'),
    ("-n many", '-n: found "many"; wanted an integer of at least 1'),
    ("--seed 1.5", '--seed: found "1.5"; wanted an integer'),
    ("--seed one", '--seed: found "one"; wanted an integer'),
    ("--to foo", 'unknown format "foo"'),
    ("--jobs 0", "--jobs: found 0; wanted at least 1"),
    ("--backend spark", 'unknown backend "spark"; known: loky, dask'),
    ("--student none.txt", "cannot read none.txt: No such file or directory"),
    ("--student twice.txt", 'twice.txt, line 3: "ada" is already on line 1'),
    ("--student empty.txt", "empty.txt: no student ids; wanted one a line"),
    ("--number 3", "--number goes with --from MANIFEST"),
    ("--from none.jsonl --number 3", "--from takes --number K and no exercise"),
    ("-o twice.txt", '"twice.txt" is a file; wanted an output folder'),
]


@pytest.mark.parametrize(("line", "told"), BAD, ids=[line for line, _ in BAD])
def test_bad_input_is_one_line_and_exit_code_2(line: str, told: str, here: Path) -> None:
    (here / "twice.txt").write_text("ada\nbob\nada\n")
    (here / "empty.txt").write_text("# nobody\n\n")
    result = symprop("variants", "day12", *line.split())
    assert (result.exit_code, result.output.count("\n")) == (2, 1), result.output
    assert told in result.output
    assert not (here / "output").exists()


def test_each_student_gets_a_version_of_an_own_seed_in_the_order_of_the_file(here: Path) -> None:
    (here / "ids.csv").write_text("ada,Ada Lovelace\nbob\n")
    assert symprop("variants", "day12", "--student", "ids.csv", "--to", "tex", "-o", "one").exit_code == 0
    (here / "ids.csv").write_text("bob\n")
    assert symprop("variants", "day12", "--student", "ids.csv", "--to", "tex", "-o", "two").exit_code == 0
    ada, bob = batch.manifest.read(here / "one" / "manifest.jsonl").lines
    (alone,) = batch.manifest.read(here / "two" / "manifest.jsonl").lines
    assert (ada["student"], bob["student"]) == ("ada", "bob")
    assert ada["code"] != bob["code"] == alone["code"]


# ---------------------------------------------------------------------- merged
def test_a_merged_pdf_counts_the_pages_of_each_version_and_has_a_bookmark_for_each(here: Path) -> None:
    assert symprop("variants", "day12", "-n", "3", "--merge", "-o", "out").exit_code == 0
    assert {path.name for path in (here / "out").iterdir()} == {"manifest.jsonl", "answers.csv", "versions.pdf"}
    reader = pypdf.PdfReader(here / "out" / "versions.pdf")
    codes = [line["code"] for line in batch.manifest.read(here / "out" / "manifest.jsonl").lines]
    assert [mark.title for mark in reader.outline] == [f"version 00{k} · {code}" for k, code in enumerate(codes, 1)]
    feet = [page.extract_text().strip().splitlines()[-1] for page in reader.pages]
    counted = []
    for code in codes:
        own = [foot for foot in feet if code in foot]
        assert [foot.split()[-3:] for foot in own] == [[str(i), "of", str(len(own))] for i in range(1, len(own) + 1)]
        counted += own
    assert counted == feet


# ---------------------------------------------------------------------- verified
def test_a_wrong_number_stops_the_run_and_nothing_of_its_version_is_written(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Shape.values

    def wrong(self: Shape, row: list) -> list | None:
        values = right(self, row)
        if values is not None and tuple(row) == faulty:
            values[place] += 1
        return values

    shape = Shape(load("day12"))
    place = [str(of) for of in shape.ids].index("dE/dW1[1,2]")
    drawn = [draft for draft in batch.drafts(wanted(), 9) if shape.values(draft.row) is not None]
    faulty, number = drawn[-1].row, drawn[-1].number
    monkeypatch.setattr(Shape, "values", wrong)
    with pytest.raises(Disagreement, match=f"version {number:03}: scikit-learn disagrees"):
        batch.run(wanted("tex"), 9, here / "out")
    assert not (here / "out" / f"version-{number:03}.tex").exists()
    assert len(batch.manifest.read(here / "out" / "manifest.jsonl").lines) == number - 1


def test_the_pack_of_a_batch_is_asked(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    right = packs.Packs.check
    monkeypatch.setattr(packs.Packs, "check", lambda self, table: asked.append(len(table)) or right(self, table))
    batch.run(wanted("tex"), 20, here / "out")
    assert sum(asked) >= 10


@pytest.mark.skipif(os.name != "posix", reason="a terminal of its own")
def test_on_a_terminal_a_bar_shows_rate_and_time_left(here: Path) -> None:
    import pty

    parent, child = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "-n", "6", "--to", "tex", "-o", "out"], stdout=subprocess.DEVNULL, stderr=child
    )
    os.close(child)
    shown = b""
    while True:
        try:
            data = os.read(parent, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
    assert process.wait() == 0
    assert b"/6" in shown
    assert b"/s" in shown
