"""The command line: stable exit codes, one line an error, files whole or not at all."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pypdf
import pytest
from typer.testing import CliRunner, Result

from symprop import __version__, functions
from symprop.cli import app
from symprop.errors import UsageError
from symprop.exercise import library, load
from symprop.rendering import write_files

STARTER = Path(__file__).parent.parent / "templates" / "exercise.toml"
SMALL = "symprop = 1\n[network]\nlayers = [{ units = 1 }]\n[data]\nx = [[1]]\ny = [[2]]\n[parameters]\nW1 = [[3]]\nb1 = [0]\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def symprop(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# ---------------------------------------------------------------------- what is told
BAD: list[tuple[str, str]] = [
    ("key day13", 'day13: no such file or built-in; did you mean "day12"?'),
    ("key none.toml", "none.toml: no such file"),
    ("key .", ".: is a folder; wanted an exercise file (TOML)"),
    ("key bad.toml", 'bad.toml: network: unknown key "layer"; did you mean "layers"?'),
    ("key domain.toml", "domain.toml: a1[1]: a1[1] - 3 is not positive, and its logarithm is taken (a1[1] = 3)"),
    ("key day12 --to foo", 'unknown format "foo"; known: '),
    ("key day12 --to ,", "no format named; known: "),
    ("key day12 --detail foo", 'unknown detail "foo"; known: answers, steps, full'),
    ("key day12 --view foo", 'unknown view "foo"; known: units, layers'),
    ("key day12 --paper foo", 'unknown paper "foo"; known: a4, letter'),
    ("key day12 --paths foo", '"foo" is no quantity id'),
    ("key day12 --paths z9[1]", '"z9[1]": the network has 2 layers'),
    ("key day12 --notation cs13", '--notation: found "cs13"; did you mean "cs135"?'),
    ("key day12 --notation x", '--notation: found "x"; known: cs135, google, '),
    ("key day12 --to md --templates none", '"none" is no folder; --templates takes a folder'),
    ("key day12 -o bad.toml", '"bad.toml" is a file; wanted an output folder'),
    ("key day12 -o bad.toml/in", '"bad.toml" is a file; wanted an output folder'),
    ("key day12 -o taken", '"taken/day12.pdf" is a folder; cannot write a file there'),
    ("key day12 --to md -o /proc/x", 'cannot write "/proc/x/day12.md": No such file or directory'),
    ("solve none.toml", "none.toml: no such file"),
    ("verify none.toml", "none.toml: no such file"),
    ("new bad.toml", '"bad.toml" exists already; nothing was written'),
    ("new .", '"." is a folder; wanted the name of a new file'),
]
USAGE = ["key", "key day12 --nosuch", "nosuch", "verify", "new", "schema extra"]


@pytest.mark.parametrize(("line", "wanted"), BAD)
def test_bad_input_is_one_line_and_exit_code_2(line: str, wanted: str, here: Path) -> None:
    (here / "bad.toml").write_text(SMALL.replace("layers", "layer"))
    (here / "domain.toml").write_text(SMALL.replace("[data]", 'loss = "ln(yhat - 3)"\n[data]'))
    (here / "taken" / "day12.pdf").mkdir(parents=True)
    before = files(here)
    result = symprop(*line.split())
    assert result.stderr.startswith(f"symprop: {wanted}")
    assert result.stderr.count("\n") == 1
    assert result.exit_code == 2
    assert files(here) == before


@pytest.mark.parametrize("line", USAGE)
def test_wrong_usage_is_exit_code_2(line: str) -> None:
    result = symprop(*line.split())
    assert result.exit_code == 2
    assert "Usage: " in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("line", ["-h", "--help", "key -h", "verify -h", "new --help"])
def test_help_is_asked_either_way(line: str) -> None:
    result = symprop(*line.split())
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")


def test_the_version_is_printed() -> None:
    assert symprop("--version").stdout == f"symprop {__version__}\n"


def test_the_built_ins_are_listed_in_full() -> None:
    lines = symprop("list").stdout.splitlines()
    assert len(lines) == 1 + len(library())
    for line, name in zip(lines[1:], library(), strict=True):
        assert line.split()[0] == name
        assert load(name).title in line
        assert line.endswith(load(name).source or load(name).title)


def test_the_schema_is_json() -> None:
    assert json.loads(symprop("schema").stdout)["title"] == "symprop exercise"


def test_one_bad_exercise_does_not_hide_the_others() -> None:
    result = symprop("verify", "day12", "none.toml", "softmax")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["day12", "day12", "softmax", "softmax"]
    assert result.stderr == "symprop: none.toml: no such file\n"
    assert result.exit_code == 2
    found = symprop("verify", "day12", "none.toml", "--json")
    assert [each["exercise"] for each in json.loads(found.stdout)["exercises"]] == ["day12"]
    assert found.exit_code == 2


def test_solved_values_are_not_cut_in_a_pipe(here: Path) -> None:
    (here / "long.toml").write_text(SMALL.replace("[[1]]", f"[[1.{'123456789' * 40}]]"))
    result = symprop("solve", "long.toml")
    assert "…" not in result.stdout
    assert result.exit_code == 0


# ---------------------------------------------------------------------- what is written
def test_the_starter_is_written_once(here: Path) -> None:
    assert symprop("new", "mine").stdout == "mine.toml\n"
    assert (here / "mine.toml").read_bytes() == STARTER.read_bytes()
    assert symprop("new", "mine").exit_code == 2
    assert symprop("new", "sub/other.toml", "--quiet").stdout == ""
    assert symprop("key", "mine.toml", "--to", "md", "--quiet").stdout == ""
    assert files(here) == {"mine.toml", "sub/other.toml", "output/mine.md", "output/mine-network.svg"}


def test_the_output_folder_is_made_and_foreign_files_stay(here: Path) -> None:
    (here / "out" / "deep").mkdir(parents=True)
    (here / "out" / "deep" / "notes.txt").write_text("mine")
    result = symprop("key", "day12", "--to", "md,tex", "-o", "out/deep")
    assert result.stdout == "out/deep/day12.md\nout/deep/day12.tex\nout/deep/day12-network.svg\n"
    assert files(here) == {f"out/deep/{n}" for n in ("notes.txt", "day12.md", "day12.tex", "day12-network.svg")}
    assert (here / "out" / "deep" / "notes.txt").read_text() == "mine"


def test_a_full_disk_leaves_the_earlier_file_whole(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "a.md").write_text("earlier")
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r'cannot write "b.md": No space left on device'):
        write_files({Path("a.md"): b"new", Path("b.md"): b"new"})
    assert files(here) == {"a.md"}
    assert (here / "a.md").read_text() == "earlier"


def test_an_interrupted_write_leaves_no_part(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_files({Path("a.md"): b"new"})
    assert files(here) == set()


def test_files_are_written_with_the_users_own_permissions(here: Path) -> None:
    earlier = os.umask(0o077)
    try:
        write_files({Path("a.md"): b"new"})
    finally:
        os.umask(earlier)
    assert (here / "a.md").stat().st_mode & 0o777 == 0o600


def test_a_long_name_is_written_too(here: Path) -> None:
    write_files({Path("x" * 250 + ".md"): b"new"})
    assert files(here) == {"x" * 250 + ".md"}


@pytest.mark.parametrize("path", ["a\0b", "x" * 300])
def test_a_name_no_file_can_have_is_told(path: str) -> None:
    with pytest.raises(UsageError, match=r"^cannot write "):
        write_files({Path(path): b"new"})


# ---------------------------------------------------------------------- texts that look like markup
HOSTILE = r"""\input{/etc/passwd} $x$ #sys #read("/etc/passwd") <script>alert(1)</script> ](javascript:x) %&_^~ {a} *b* `c` [bold] @d"""


def test_texts_are_printed_literally(here: Path) -> None:
    questions = f"[[questions]]\ntitle = '''Q {HOSTILE}'''\ntext = '''T {HOSTILE}'''\nask = ['a1']\n"
    (here / "a.toml").write_text(
        f"symprop = 1\ntitle = '''{HOSTILE}'''\nsource = '''S {HOSTILE}'''\n{SMALL.partition('1')[2]}{questions}"
    )
    assert symprop("key", "a.toml", "--to", "tex,md,typ,pdf").exit_code == 0
    words = "".join(HOSTILE.split())
    page = "".join("".join(p.extract_text() for p in pypdf.PdfReader(here / "output" / "a.pdf").pages).split())
    for text in (words, "S" + words, "Q" + words, "T" + words):
        assert text in page
    markdown = (here / "output" / "a.md").read_text()
    assert "<script" not in markdown
    assert r"\$x\$" in markdown
    tex = (here / "output" / "a.tex").read_text()
    assert r"\input{/etc" not in tex
    assert HOSTILE in symprop("solve", "a.toml").stdout


# ---------------------------------------------------------------------- processes
def started(*arguments: str, **more: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "symprop.cli", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def test_an_interrupt_is_exit_code_130_and_leaves_nothing_behind(here: Path) -> None:
    layers = '{ units = 60, activation = "tanh" }, { units = 60, activation = "tanh" }, { units = 1 }'
    (here / "slow.toml").write_text(f"symprop = 1\n[network]\nlayers = [{layers}]\ninputs = 60\n")
    process = started("key", "slow.toml", "--to", "md,typ")
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (130, "", "symprop: interrupted")
    assert files(here) == {"slow.toml"}


@pytest.mark.parametrize("arguments", [["list"], ["schema"], ["solve", "day12", "--json"]])
def test_a_reader_that_leaves_early_is_no_error(arguments: list[str]) -> None:
    process = started(*arguments)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() in (0, 1)


def test_a_terminal_without_the_letters_is_no_error() -> None:
    command = [sys.executable, "-m", "symprop.cli", "solve", "day12"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")


# ---------------------------------------------------------------------- an oracle disagrees
def test_a_wrong_loss_in_our_table_stops_every_output(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A third instead of a half: the file that stood there stays as it was, and every command exits with 1."""
    (here / "out").mkdir()
    (here / "out" / "day12.md").write_text("the key of last year")
    monkeypatch.setitem(functions.LOSSES, "half_squared_error", functions.Loss(lambda a, y, K: (a - y) ** 2 / 3))
    told = symprop("key", "day12", "--to", "pdf,tex,md", "-o", "out")
    assert told.exit_code == 1
    assert "disagrees" in told.output
    assert files(here) == {"out/day12.md"}
    assert (here / "out" / "day12.md").read_text() == "the key of last year"
    assert symprop("verify", "day12").exit_code == 1
    assert symprop("solve", "day12").exit_code == 1
