"""Models leave while memory is short and come back; what fits is told by arithmetic."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner

from lsfs.config import ModelConfig
from lsfs.llm.files import advice, models
from lsfs.llm.files.advice import KNOWN, Form, Room
from lsfs.llm.runtime.local import LocalChat
from lsfs.llm.runtime.memory import Sources
from lsfs.llm.runtime.residents import Residents
from lsfs.llm.runtime.shedding import Shedding
from lsfs_cli.main import cli
from tests.llm import tiny

GB = 10**9


class Machine:
    """Files in which a kernel tells of memory."""

    def __init__(self, folder: Path) -> None:
        self.sources = Sources(folder / "meminfo", folder / "pressure", folder)
        self.folder = folder
        self.tell()

    def tell(self, available_mib: int = 8000, waiting: float = 0.0) -> None:
        lines = ("MemTotal: 16000000 kB", f"MemAvailable: {available_mib * 1024} kB", "")
        (self.folder / "meminfo").write_text("\n".join(lines))
        (self.folder / "pressure").write_text(
            f"some avg10={waiting:.2f} avg60=0.00 avg300=0.00 total=1\n"
            "full avg10=99.00 avg60=0.00 avg300=0.00 total=1\n"
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    folder = tmp_path / "kernel"
    folder.mkdir()
    return Machine(folder)


class Model:
    """A resident that knows whether it is there."""

    def __init__(self) -> None:
        self.is_there = True

    def close(self) -> None:
        self.is_there = False


@pytest.mark.parametrize("short", [{"available_mib": 100}, {"waiting": 35.0}])
def test_models_leave_and_come_back(machine: Machine, short: dict[str, float]) -> None:
    residents, made = Residents(1 << 40), []

    def load() -> Model:
        made.append(Model())
        return made[-1]

    with residents.use("chat", 1, load):
        pass
    shedding = Shedding(residents, 512 << 20, machine.sources)
    assert shedding.look() == [] and shedding.reason() == "" and made[0].is_there
    with residents.use("busy", 1, load) as busy:
        machine.tell(**short)  # type: ignore[arg-type]
        assert shedding.look() == ["chat"] and "memory" in shedding.reason()
        assert not made[0].is_there and busy.is_there
        assert shedding.look() == []  # the one in use stays
    assert shedding.look() == ["busy"] and residents.bytes == 0
    machine.tell()
    assert shedding.look() == [] and shedding.reason() == ""
    with residents.use("chat", 1, load) as again:
        assert again is made[-1] and again.is_there and len(made) == 3
    residents.close()


@pytest.mark.model
def test_a_real_model_answers_the_same_after_it_was_away(machine: Machine, tmp_path: Path) -> None:
    path = tiny.write(tmp_path / "tiny.gguf", speaks=True)
    residents = Residents()
    file = models.chat_model_file(str(path))
    assert file is not None
    chat = LocalChat(file, ModelConfig(chat=str(path), context=512, max_tokens=8), residents)
    shedding = Shedding(residents, 512 << 20, machine.sources)
    before = chat.question_gain("how much?", ["the rent"])
    machine.tell(available_mib=1)
    assert len(shedding.look()) == 1 and residents.keys() == []
    machine.tell()
    assert chat.question_gain("how much?", ["the rent"]) == before
    assert len(residents.keys()) == 1
    chat.close()


def test_it_looks_by_itself(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsfs.llm.runtime.shedding.SECONDS", 0.01)
    residents, gone = Residents(), Event()

    class Told(Model):
        def close(self) -> None:
            gone.set()

    with residents.use("chat", 1, Told):
        pass
    shedding = Shedding(residents, 512 << 20, machine.sources)
    shedding.start()
    try:
        machine.tell(available_mib=1)
        assert gone.wait(60)
    finally:
        shedding.close()


def test_a_container_has_less(machine: Machine) -> None:
    assert machine.sources.total() == 16_000_000 * 1024
    assert machine.sources.available() == 8000 << 20
    for name, value in (("max", 1 << 30), ("current", 900 << 20)):
        (machine.folder / f"memory.{name}").write_text(f"{value}\n")
    (machine.folder / "memory.stat").write_text(f"anon 5\ninactive_file {200 << 20}\n")
    assert machine.sources.total() == 1 << 30
    assert machine.sources.available() == (1024 - 900 + 200) << 20
    (machine.folder / "memory.max").write_text("max\n")
    assert machine.sources.total() == 16_000_000 * 1024
    nothing = Sources(machine.folder / "a", machine.folder / "b", machine.folder / "c")
    assert nothing.available() is None and nothing.waiting() == 0 and nothing.total() > 0


# --- what fits


def test_the_arithmetic() -> None:
    form = next(one for one in KNOWN if one.name == "Llama-3.1-8B-Instruct")
    assert form.cell == 131_072  # 2 * 32 layers * 8 heads * 128 values * 2 bytes
    assert advice.weights_bytes(form.parameters, "Q4_K_M") == pytest.approx(4.92e9, rel=0.02)
    assert advice.weights_bytes(form.parameters, "Q8_0") == pytest.approx(8.54e9, rel=0.01)
    one = advice.judged(form, "Q4_K_M", 4_920_000_000, 4096, Room(16 * GB, None))
    assert one.where == "cpu" and one.state == 4096 * 131_072
    assert one.bytes == 4_920_000_000 + one.state + 512 * 128_256 * 4
    assert one.longest == (int(16 * GB * 0.6) - one.weights - one.computed) // 131_072
    assert advice.judged(form, "F16", 16 * GB, 4096, Room(16 * GB, None)).where == ""


def test_what_is_advised_is_the_largest_that_fits() -> None:
    form = Form("m", 0, 1000, 1000, 4096)
    sizes = {"F16": 20 * GB, "Q8_0": 9 * GB, "Q4_K_M": 5 * GB}

    def advised(there: Room) -> str:
        judged = [advice.judged(form, q, size, 4096, there) for q, size in sizes.items()]
        return next((one.quant for one in advice.chosen(judged) if one.is_advised), "")

    assert advised(Room(16 * GB, None)) == advised(Room(64 * GB, None)) == "Q8_0"
    assert advised(Room(10 * GB, None)) == "Q4_K_M"
    assert advised(Room(4 * GB, None)) == ""
    assert advised(Room(64 * GB, None, gpu=6 * GB)) == "Q4_K_M"  # on the GPU before a larger one


def lsfs(*arguments: str) -> Sequence[dict[str, object]]:
    done = CliRunner().invoke(cli, [*arguments, "--json"])
    assert done.exception is None, done.exception
    found: Sequence[dict[str, object]] = json.loads(done.stdout)["models"]
    return found


def test_known_models_are_judged_offline() -> None:
    rows = {str(row["name"]): row for row in lsfs("model", "recommend", "--memory", "8192")}
    assert set(rows) == {form.name for form in KNOWN}
    small, large = rows["SmolLM2-135M-Instruct"], rows["Llama-3.3-70B-Instruct"]
    assert small["where"] == "cpu" and small["quant"] == "Q8_0"
    assert large["where"] == "" and "does not fit" in str(large["reason"])
    told = CliRunner().invoke(cli, ["model", "recommend", "--memory", "8192"])
    assert "does not fit" in told.stdout and "memory: 8.6 GB" in told.stderr


@pytest.mark.model
def test_a_file_here_is_judged(tmp_path: Path) -> None:
    path = tiny.write(tmp_path / "tiny-F32.gguf")
    (row,) = lsfs("model", "recommend", str(path), "--context", "1024")
    assert row["quant"] == "F32" and row["weights"] == path.stat().st_size
    assert row["state"] == 1024 * 2 * tiny.LAYERS * tiny.KEY_HEADS * tiny.HEAD * 2
    assert row["longest"] == tiny.CONTEXT
