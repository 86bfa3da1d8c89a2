"""However many judge, in whatever pieces, in one go or in many: the report is the same."""

from __future__ import annotations

import dataclasses
import errno
import json
import multiprocessing
import os
import random
import resource
import signal
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smscontract import cli, facts, spill, workers
from smscontract.choice import Choice
from smscontract.config import load_config
from smscontract.exchange import Exchange
from smscontract.findings import Problem, Report
from smscontract.judge import Judge
from smscontract.kernel import rows
from smscontract.kernel.known import learned
from smscontract.mask import Masker
from smscontract.recordings import Piece
from smscontract.recordings.jsonl import dumps, header
from smscontract.reports.json_report import as_data
from smscontract.shards import Shard
from smscontract.validate import Request, validate
from smscontract.work import Doer, Done, Job, do
from smscontract.workers import Doing, here, processes
from tests.bench.corpus import corpus
from tests.core import BLAND, STUUT, made, refused, shipped

CHANCE = random.Random(7)
KEY = b"key of the tests"


def step_of(step: int) -> Exchange:
    """A conversation of one of a few pairs of numbers, or a message of one of a few ids; some are faulty."""
    pair = {"user_number": f"+1415555010{CHANCE.randrange(4)}", "agent_number": "+14155550187"}
    kind = CHANCE.randrange(5)
    if kind == 0:
        answer: dict[str, Any] = {"conversation_id": f"c{CHANCE.randrange(5)}", "workflow_id": f"w{step}"}
        return made(BLAND, sent=pair, step=step, answer={"data": answer})
    if kind == 1:
        answer = {"conversation_id": f"n{step % 30}"}
        return made(BLAND, sent={**pair, "new_conversation": True}, step=step, answer={"data": answer})
    if kind == 2:
        return refused(BLAND, 422, sent=pair, step=step)
    if kind == 3:
        return made(STUUT, step=step, answer={"status": CHANCE.choice(["sent", "delivered", "failed", "quokka"])})
    return made(STUUT, step=step, answer={"carrier": "x", "object": CHANCE.choice(["sms_message", "other"])})


HISTORY = [step_of(step) for step in range(110)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files: a long one with a header in its middle and broken lines, a short one, and one that cannot be read."""
    path = tmp_path_factory.mktemp("recordings")
    lines = [dumps(one) for one in HISTORY]
    lines[30:30] = [b"{\n"]
    lines[60:60] = [header("gate")]
    (path / "a.jsonl").write_bytes(header("somebody") + b"".join(lines[:95]))
    (path / "b.jsonl").write_bytes(header("gate") + b"".join(lines[95:]))
    (path / "c.jsonl").write_bytes(b"\xff\xfe{\x00")
    return path


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it as the gate would have written it, in two files, so that histories are judged."""
    path = tmp_path_factory.mktemp("clean")
    lines = [dumps(one) for one in HISTORY]
    (path / "a.jsonl").write_bytes(header("gate") + b"".join(lines[::2]))
    (path / "b.jsonl").write_bytes(header("gate") + b"".join(lines[1::2]))
    return path


def judged(folder: Path, **changes: Any) -> Report:
    judge = Judge(shipped(), Masker(KEY))
    return validate(Request(paths=[str(folder)], **{"size": 15_000, **changes}), judge, now=1e9)


def without_notes(report: Report) -> dict[str, Any]:
    data = as_data(report)
    data.pop("extra", None)
    return data


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, Any]:
    report = judged(folder)
    assert len(report.findings) > 5
    assert len(report.problems) == 2
    assert "extra" not in as_data(report)
    return as_data(report)


def shuffled(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
    """Pieces done in any order, some of them twice."""
    every = [one for one in pieces for _ in range(CHANCE.choice([1, 1, 2]))]
    CHANCE.shuffle(every)
    for number, piece in every:
        yield do(job, number, piece)


def test_pieces_in_any_order_and_some_twice_are_the_whole(folder: Path, whole: dict[str, Any]) -> None:
    assert as_data(judged(folder, doing=here)) == whole
    assert as_data(judged(folder, doing=shuffled)) == whole


def test_histories_over_several_files_and_pieces(clean: Path) -> None:
    expected = judged(clean)
    kinds = {getattr(shipped().clauses[one.clause].detail, "kind", "") for one in expected.findings}
    assert {"same", "fresh", "moves"} <= kinds
    assert as_data(judged(clean, doing=shuffled)) == as_data(expected)


def test_exchanges_that_are_only_counted(tmp_path: Path) -> None:
    """Of recordings that are not our own most exchanges are rows, which travel in their own way, or as facts if stored."""
    lines = [line.rstrip(b"\n") + b"\n" for line, _ in corpus(200, bad=0.05)]
    (tmp_path / "x.jsonl").write_bytes(b"".join(lines))
    carried: list[int] = []

    def watched(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
        for done in shuffled(job, pieces):
            carried.append(len(done.rows))
            yield done

    expected = as_data(judged(tmp_path))
    assert expected["findings"]
    assert as_data(judged(tmp_path, doing=watched, size=90_000)) == expected
    assert sum(carried) > 5_000
    carried.clear()
    assert without_notes(judged(tmp_path, doing=watched, size=90_000, resume=str(tmp_path / "results"))) == expected
    assert sum(carried) == 0


class DiesOnce(Doer):
    """The sixth piece ends its process the first time, in the middle of its work and with what it holds of others."""

    def do(self, number: int, piece: Piece | Problem, **more: Any) -> Done:
        mark = Path(piece.file).with_name(".died")
        if number == 5 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().do(number, piece, **more)


class DiesAlways(Doer):
    def do(self, number: int, piece: Piece | Problem, **more: Any) -> Done:
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().do(number, piece, **more)


class DiesTelling(Doer):
    """It does all that it is given, and dies when it shall tell of it."""

    def told(self) -> Done:
        mark = Path("died")
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().told()


@pytest.fixture(params=["fork", "spawn"])
def context(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How processes begin, whichever way they would here."""
    if request.param not in multiprocessing.get_all_start_methods():
        pytest.skip("not on this system")
    monkeypatch.setattr("smscontract.workers._context", lambda: multiprocessing.get_context(request.param))
    return str(request.param)


@pytest.mark.parametrize("workers", [2, 3])
def test_processes_give_the_whole(corpus_file: Path, workers: int, context: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they tell of all pieces at once, or of each: what is held is in nobody's way."""
    expected = as_data(judged(corpus_file))
    assert expected["findings"]
    assert as_data(judged(corpus_file, workers=workers, size=40_000)) == expected
    if context == "fork":
        monkeypatch.setattr("smscontract.work.HELD", 0.0)
        assert as_data(judged(corpus_file, workers=workers, size=40_000)) == expected


@pytest.fixture(scope="module")
def corpus_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "x.jsonl"
    path.write_bytes(b"".join(line.rstrip(b"\n") + b"\n" for line, _ in corpus(400, bad=0.05)))
    return path


def test_few_parts_come_of_many_pieces(corpus_file: Path) -> None:
    told: list[Done] = []
    held: list[Done] = []

    def watched(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
        for done in processes(2)(job, pieces):
            (told if done.part else held).append(done)
            yield done

    judged(corpus_file, doing=watched, size=20_000)
    assert len(held) > 10
    assert len(told) <= 2
    numbers = [number for one in told for number in (one.number, *one.also)]
    assert sorted(numbers) == list(range(len(held))), "each piece once"


def test_what_was_learned_is_what_processes_begin_with(
    corpus_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One learns, and the others make no kind themselves of what it met."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("smscontract.workers._context", lambda: multiprocessing.get_context("fork"))
    expected = as_data(judged(corpus_file))
    real = learned
    here = os.getpid()

    def counted(*given: Any, **more: Any) -> Any:
        with Path("learned").open("a") as stream:
            stream.write("here\n" if os.getpid() == here else "there\n")
        return real(*given, **more)

    monkeypatch.setattr("smscontract.kernel.kinds.learned", counted)
    assert as_data(judged(corpus_file, doing=processes(2), size=10**9)) == expected
    told = Path("learned").read_text().split()
    assert told.count("here") > 10
    assert "there" not in told


@pytest.mark.usefixtures("context")
def test_a_process_that_dies_changes_nothing(folder: Path, whole: dict[str, Any]) -> None:
    (folder / ".died").unlink(missing_ok=True)
    assert as_data(judged(folder, doing=processes(2, work=DiesOnce))) == whole
    assert (folder / ".died").exists()


def test_nor_one_that_dies_in_the_middle_of_what_it_says() -> None:
    ours, theirs = multiprocessing.Pipe()
    os.write(theirs.fileno(), struct.pack("!i", 100) + b"as long as this")  # of what `Connection.send` writes
    theirs.close()
    worker = object.__new__(workers._Worker)
    worker.ours = ours
    with pytest.raises(EOFError):
        worker.heard()


def test_nor_one_that_dies_before_it_tells(
    folder: Path, whole: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder.resolve()
    monkeypatch.chdir(tmp_path)
    assert as_data(judged(folder, doing=processes(1, work=DiesTelling))) == whole
    assert Path("died").exists()


def test_a_piece_that_kills_its_process_every_time_is_an_error_with_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smscontract.workers._TRIES", 2)
    report = judged(folder, doing=processes(1, work=DiesAlways))
    assert report.exit_code == 4
    assert "a process that judges has died 2 times" in report.causes[0]
    assert ".jsonl" in report.causes[0]


class WithoutRoom(Doer):
    """In its process next to nothing fits in memory, and nothing on disk."""

    def do(self, number: int, piece: Piece | Problem, **more: Any) -> Done:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        facts.IN_MEMORY, rows.HELD, spill.WAITING = 3, 5, 50
        return super().do(number, piece, **more)


def test_a_disk_that_is_full_beside_a_worker_is_no_error_of_ours(folder: Path) -> None:
    report = judged(folder, doing=processes(1, work=WithoutRoom))
    assert (report.exit_code, report.findings) == (2, ())
    assert "what is beyond memory cannot be kept" in report.causes[0]


def test_nor_where_it_was_full_for_a_moment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> bool:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("smscontract.work.feed", full)
    report = judged(folder, doing=here)
    assert report.exit_code == 2
    assert "what is beyond memory cannot be kept: no space left" in report.causes[0]


def test_an_error_of_ours_in_one_piece_is_told_with_the_rest(folder: Path, whole: dict[str, Any]) -> None:
    def doing(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
        for number, piece in pieces:
            done = do(job, number, piece)
            yield dataclasses.replace(done, fault="internal error: X at y:1") if number == 0 else done

    report = judged(folder, doing=doing)
    assert (report.exit_code, report.causes[0]) == (4, "internal error: X at y:1")
    assert report.exchanges == whole["exchanges"]


def interrupted(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
    yield do(job, *next(pieces))
    raise KeyboardInterrupt


def test_an_interruption_tells_what_was_judged(folder: Path) -> None:
    report = judged(folder, doing=interrupted)
    assert report.exit_code == 130
    assert 0 < report.exchanges < len(HISTORY)
    assert any(cause.startswith("interrupted after") for cause in report.causes)


# -- shards


def keyed(folder: Path, *words: str) -> list[str]:
    return ["validate", str(folder), "--mask-key-env", "MASK_KEY", *words]


def report_in(path: Path) -> Any:
    data = json.loads(path.read_text())
    data.pop("extra", None)
    return data


def shards(folder: Path, tmp_path: Path, count: int, *words: str) -> list[str]:
    files = []
    for number in range(1, count + 1):
        files.append(str(tmp_path / f"{number}.part"))
        code = cli.run(keyed(folder, "--shard", f"{number}/{count}", "--part", files[-1], *words))
        assert code in (0, 1, 2, 3)
        if os.name == "posix":
            assert Path(files[-1]).stat().st_mode & 0o077 == 0, "a URL of a recording may open it for whoever has it"
    return files


@pytest.mark.parametrize("which", ["folder", "clean"])
def test_shards_are_the_whole(
    which: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MASK_KEY", "equal for all")
    folder = request.getfixturevalue(which)
    files = shards(folder, tmp_path, 3)
    assert "is in" in capsys.readouterr().out
    one, all_ = tmp_path / "one.json", tmp_path / "all.json"
    ledgers = (tmp_path / "one.ledger", tmp_path / "all.ledger")
    code = cli.run(keyed(folder, "--report", f"json:{one}", "--ledger", str(ledgers[0])))
    assert code == 1
    assert (
        cli.run(["merge", *files[::-1], "--mask-key-env", "MASK_KEY", "--report", f"json:{all_}", "--ledger", str(ledgers[1])])
        == code
    )
    assert report_in(all_) == report_in(one)
    assert ledgers[0].read_text() == ledgers[1].read_text()
    assert cli.run(["merge", *files]) == code, "without the key no exchange is shown that only a history tells"


LOG_CONFIG = """
[recordings]
prefixes = ["/proxy"]
hosts = {"sms.example.test" = "bland"}
[recordings.gateway]
files = "*.log"
time = "/at"
method = "/request/method"
url = "/request/url"
status = "/response/status"
request-headers = "/request/headers"
request-body = { at = "/request/body", as = "text" }
response-headers = "/response/headers"
response-body = { at = "/response/body", as = "text", cut-at = 9000 }
scrubbed = ["###"]
"""


@pytest.mark.parametrize("words", [(), ("--format", "gateway")])
def test_shards_of_logs_of_any_shape_are_the_whole(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the exchanges that only a history tells, read back through the mapping and the routes that the parts hold."""
    monkeypatch.setenv("MASK_KEY", "equal for all")
    config = tmp_path / "smscontract.toml"
    config.write_text(LOG_CONFIG, encoding="utf-8")
    logs = tmp_path / "logs"
    logs.mkdir()
    lines = [b"at noon " + as_logged(one) + b"\n" for one in HISTORY]
    for number in range(4):
        (logs / f"{number}.log").write_bytes(b"".join(lines[number::4]))
    files = shards(logs, tmp_path, 3, "--config", str(config), *words)
    one, all_ = tmp_path / "one.json", tmp_path / "all.json"
    assert cli.run(keyed(logs, "--config", str(config), "--report", f"json:{one}", *words)) == 1
    assert cli.run(["merge", *files, "--mask-key-env", "MASK_KEY", "--report", f"json:{all_}"]) == 1
    assert report_in(all_) == report_in(one)
    histories = [one for one in report_in(all_)["findings"] if "/rule/" in one["clause"]]
    assert histories
    assert all(one["request"] for one in histories), "each with its exchange"


def test_logs_of_any_shape_in_pieces_are_the_whole(tmp_path: Path) -> None:
    config = tmp_path / "smscontract.toml"
    config.write_text(LOG_CONFIG, encoding="utf-8")
    log = tmp_path / "x.log"
    log.write_bytes(b"".join(b"at noon " + as_logged(one) + b"\n" for one in HISTORY) + b"\xff\n")
    said = load_config(str(config)).recordings.reading()
    numbers: list[int] = []

    def watched(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
        for done in shuffled(job, pieces):
            numbers.append(done.number)
            yield done

    expected = as_data(judged(log, **said))
    assert as_data(judged(log, doing=watched, **said)) == expected
    assert len(set(numbers)) > 3
    assert expected["findings"]
    assert [one["line"] for one in expected["problems"]] == [len(HISTORY) + 1]


def as_logged(one: Exchange) -> bytes:
    record = json.loads(dumps(one))
    record["request"]["url"] = record["request"]["url"].replace("api.example.test/", "api.example.test/proxy/")
    return json.dumps({"at": one.sent_at, "request": record["request"], "response": record["response"]}).encode()


def test_a_missing_doubled_or_other_shard_is_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MASK_KEY", "equal for all")
    files = shards(folder, tmp_path, 3)
    capsys.readouterr()

    def refused(*some: str, words: tuple[str, ...] = ()) -> str:
        assert cli.run(["merge", *some, *words]) == 2
        return capsys.readouterr().err

    assert "shards 2, 3 of 3 missing" in refused(files[0])
    assert "shard 1 is in" in refused(*files, files[0])
    assert "another contract" in refused(*files, words=("--contract", "stuut"))
    assert "another selection" in refused(*files, words=("--select", "stuut"))
    assert "no part" in refused(str(folder / "a.jsonl"))
    Path(files[1]).write_bytes(Path(files[1]).read_bytes()[:-9])
    assert "damaged" in refused(*files)
    (tmp_path / "x").mkdir()
    other = shards(folder, tmp_path / "x", 3, "--select", "stuut")
    assert "in another way" in refused(files[0], other[1], files[2])
    monkeypatch.setenv("MASK_KEY", "another one")
    other = shards(folder, tmp_path / "x", 3)
    assert "in another way" in refused(files[0], other[1], files[2])


def test_a_shard_alone_judges_no_history(clean: Path, tmp_path: Path) -> None:
    alone = judged(clean, shard=Shard(number=1, of=1, file=str(tmp_path / "p")))
    rules = {key for key, clause in shipped().clauses.items() if getattr(clause.detail, "kind", "") in ("same", "moves")}
    assert rules & {one.clause for one in judged(clean).findings}
    assert not rules & {one.clause for one in alone.findings}
    assert "the history may have holes" in {one.reason for one in alone.not_judged if one.clause in rules}


@pytest.mark.parametrize(
    "words",
    [
        ["--shard", "0/3", "--part", "x"],
        ["--shard", "4/3", "--part", "x"],
        ["--shard", "1/2"],
        ["--part", "x"],
        ["--shard", "1/2", "--part", "nowhere/x"],
        ["--workers", "0"],
        ["--workers", "many"],
        ["--sample", "0%"],
        ["--sample", "7"],
        ["--since", "yesterday"],
        ["--since", "2026-03-02", "--until", "2026-03-01"],
        ["--scheduler", "tcp://127.0.0.1:1"],
    ],
)
def test_what_cannot_be_meant_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert cli.run(["validate", str(folder), *words]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_a_shard_needs_a_key(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["validate", str(folder), "--shard", "1/2", "--part", str(tmp_path / "p")]) == 2
    assert "--mask-key-env" in capsys.readouterr().err


# -- results of earlier runs


def counting(done: list[int]) -> Doing:
    def doing(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
        for number, piece in pieces:
            done.append(number)
            yield do(job, number, piece)

    return doing


def test_only_what_is_new_is_judged_again(folder: Path, whole: dict[str, Any], tmp_path: Path) -> None:
    results = str(tmp_path / "results")
    stopped = judged(folder, resume=results, doing=interrupted)
    assert stopped.exit_code == 130
    first: list[int] = []
    assert without_notes(judged(folder, resume=results, doing=counting(first))) == whole
    assert 0 not in first, "it went on where the other one was stopped"
    again: list[int] = []
    report = judged(folder, resume=results, doing=counting(again))
    assert without_notes(report) == whole
    assert len(again) == 1, "only the file that cannot be read is looked at again"
    assert f"known from {results}" in report.extra["notes"][0]
    (folder / "d.jsonl").write_bytes(header("gate") + dumps(made(STUUT, answer={"status": "wombat"})))
    try:
        more: list[int] = []
        report = judged(folder, resume=results, doing=counting(more))
        assert len(more) == 2
        assert report.exchanges == whole["exchanges"] + 1
    finally:
        (folder / "d.jsonl").unlink()


def test_results_of_another_contract_key_or_selection_are_not_used(folder: Path, tmp_path: Path) -> None:
    results = str(tmp_path / "results")
    judged(folder, resume=results, doing=here)
    for changes in ({"choice": Choice(share=0.5)}, {"format": "jsonl"}):
        done: list[int] = []
        judged(folder, resume=results, doing=counting(done), **changes)
        assert len(done) > 5
    done = []
    judge = Judge(shipped(), Masker(b"another key"))
    validate(Request(paths=[str(folder)], size=15_000, resume=results, doing=counting(done)), judge, now=1e9)
    assert len(done) > 5


def test_a_damaged_result_is_judged_again(folder: Path, whole: dict[str, Any], tmp_path: Path) -> None:
    results = tmp_path / "results"
    judged(folder, resume=str(results), doing=here)
    for path in results.rglob("*.part"):
        path.write_bytes(path.read_bytes()[:-5])
    assert without_notes(judged(folder, resume=str(results), doing=here)) == whole


def test_the_key_of_a_folder_is_the_users_alone(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "results"
    outputs = []
    for _ in range(2):
        cli.run(["validate", str(folder), "--resume", str(results), "--report", "json:-"])
        outputs.append(json.loads(capsys.readouterr().out))
    assert (results / "key").stat().st_mode & 0o777 == 0o600
    assert outputs[0].pop("extra", None) is None
    assert "known from" in outputs[1].pop("extra")["notes"][0]
    assert outputs[0] == outputs[1]


# -- which exchanges


def test_a_span_of_time(clean: Path) -> None:
    times = sorted(one.sent_at for one in HISTORY if one.sent_at is not None)
    middle = times[len(times) // 2]
    before, after = judged(clean, choice=Choice(until=middle)), judged(clean, choice=Choice(since=middle))
    assert before.exchanges + after.exchanges == len(HISTORY)
    assert before.exchanges == sum(time < middle for time in times)
    assert f"{after.exchanges} exchanges outside and 0 exchanges without a time left out" in before.extra["notes"][0]
    reasons = {(one.clause, one.reason) for one in after.not_judged}
    assert (f"{BLAND}/rule/active-reused", "not known to be a whole history") in reasons
    assert as_data(judged(clean, choice=Choice(since=middle), doing=here)) == as_data(after)


def test_what_has_no_time_is_counted(tmp_path: Path) -> None:
    some = [made(STUUT), made(STUUT, step=1, sent_at=None, received_at=None)]
    (tmp_path / "x.jsonl").write_bytes(header("gate") + b"".join(map(dumps, some)))
    report = judged(tmp_path, choice=Choice(since=0.0))
    assert report.exchanges == 1
    assert "1 exchange without a time left out" in report.extra["notes"][0]


def test_a_sample_is_of_whole_histories(tmp_path: Path) -> None:
    pairs = [f"+1415555{number:04}" for number in range(100, 160)]
    some = [
        made(
            BLAND,
            step=step,
            sent={"user_number": pair, "agent_number": "+14155550187"},
            answer={"data": {"conversation_id": f"{pair}-{step % 2}"}},
        )
        for step in range(3)
        for pair in pairs
    ]
    (tmp_path / "x.jsonl").write_bytes(header("gate") + b"".join(map(dumps, some)))
    whole_, sample = judged(tmp_path), judged(tmp_path, choice=Choice(share=0.3))
    assert sample.exchanges % 3 == 0
    assert 0 < sample.exchanges < whole_.exchanges

    def broken(report: Report) -> dict[str, int]:
        return {one.clause: one.count for one in report.findings}

    clause = f"{BLAND}/rule/active-reused"
    assert broken(sample)[clause] * whole_.exchanges == broken(whole_)[clause] * sample.exchanges
    reasons = {one.clause: one.reason for one in sample.not_judged}
    assert reasons[f"{BLAND}/rule/one-pair-per-conversation"] in ("the history may have holes", "not seen")
    (note,) = sample.extra["notes"]
    assert note.startswith("a sample of 30%: ")
    assert "by sent.user_number, sent.agent_number" in note
    assert as_data(judged(tmp_path, choice=Choice(share=0.3), doing=shuffled)) == as_data(sample)
    judge = Judge(shipped(), Masker(b"another key"))
    other = validate(Request(paths=[str(tmp_path)], choice=Choice(share=0.3)), judge, now=1e9)
    assert other.exchanges == sample.exchanges, "the key of the masks changes nothing about it"
