"""What a machine is comes out by name, with how it was found, and no machine is too odd for it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import facts as module
from pipeline.facts import NAMES, NUMBERS, Fact, Facts, detect, run_program, table

PRINT = '[ "$1" = info ] || exit 2\ncat <<"END"\n'
KUNPENG = """\
processor\t: 0
BogoMIPS\t: 200.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt fcma dcpop asimddp
CPU implementer\t: 0x48
CPU architecture: 8
CPU variant\t: 0x1
CPU part\t: 0xd01

processor\t: 1
CPU implementer\t: 0x41
"""
INTEL = """\
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz
"""
P3 = """\
| npu-smi 24.1.0.1                                 Version: 24.1.0.1                                     |
+-------------------------------+-----------------+------------------------------------------------------+
| NPU     Name                  | Health          | Power(W)     Temp(C)           Hugepages-Usage(page) |
| Chip    Device                | Bus-Id          | AICore(%)    Memory-Usage(MB)                        |
+===============================+=================+======================================================+
| 1       310P3                 | OK              | NA           47                0     / 0             |
| 0       0                     | 0000:01:00.0    | 0            1894 / 44215                            |
| 2       310P3                 | Warning         | NA           49                0     / 0             |
| 0       310                   | NA              | 0            1894 / 44215                            |
+===============================+=================+======================================================+
| NPU     Chip                  | Process id      | Process name             | Process memory(MB)        |
| 1       0                     | 2417            | mindie_llm               | 1130                      |
"""
B4 = """\
| npu-smi 25.2.0                   Version: 25.2.0                                               |
+---------------------------+---------------+----------------------------------------------------+
| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
| Chip                      | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |
+===========================+===============+====================================================+
| 0     910B4-1             | OK            | 91.3        33                0    / 0             |
| 0                         | 0000:C1:00.0  | 0           0    / 0          3197 / 65536         |
+===========================+===============+====================================================+
| No running processes found in NPU 0                                                            |
"""
A3 = """\
| 0     Ascend910           | OK            | 178.5       36                0    / 0             |
| 0     0                   | 0000:9D:00.0  | 0           0    / 0          3416 / 65536         |
| 0     Ascend910           | OK            | -           36                0    / 0             |
| 1     1                   | 0000:9F:00.0  | 0           0    / 0          3195 / 65536         |
"""


def tree(root: Path, **files: str) -> Path:
    """A root with files in it; `__` is a slash."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def ascend(root: Path, smi: str = "", *, folder: str = "usr/local/bin", boards: Sequence[int] = (0, 1, 10)) -> Path:
    """A machine with Ascend boards, and an npu-smi that is this shell script."""
    tree(root, dev__davinci_manager="", dev__null="", **{f"dev__davinci{number}": "" for number in boards})
    if smi:
        program = root / folder / "npu-smi"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\n{smi}\n", encoding="utf-8")
        program.chmod(0o755)
    return root


def value(facts: Facts, name: str) -> str | int:
    return facts.named[name].value


def how(facts: Facts, name: str) -> str:
    return facts.named[name].how


def test_this_machine_is_described() -> None:
    facts = detect()
    assert value(facts, "python") == sys.version.split()[0]
    assert 1 <= int(value(facts, "cores")) <= (os.cpu_count() or 1)
    assert set(facts.named) <= set(NAMES)
    assert all(fact.how for fact in facts.named.values())
    assert all(isinstance(fact.value, int) is (name in NUMBERS) for name, fact in facts.named.items())


def test_a_kunpeng_is_known_by_the_implementer_and_part_of_its_first_core(tmp_path: Path) -> None:
    facts = detect(tree(tmp_path, proc__cpuinfo=KUNPENG), machine="aarch64")
    assert (value(facts, "arch"), value(facts, "cpu")) == ("aarch64", "kunpeng")
    assert value(facts, "cpu_model") == "Kunpeng-920 (TaiShan v110)"
    assert how(facts, "cpu") == "CPU implementer 0x48, part 0xd01 in /proc/cpuinfo"


def test_the_newer_kunpeng_and_one_that_names_itself_are_known(tmp_path: Path) -> None:
    newer = KUNPENG.replace("0xd01", "0xd02")
    assert value(detect(tree(tmp_path, proc__cpuinfo=newer)), "cpu_model") == "Kunpeng-920B (TaiShan v120)"
    named = detect(tree(tmp_path, proc__cpuinfo=KUNPENG + "model name\t: Kunpeng-920\n"))
    assert (value(named, "cpu"), value(named, "cpu_model")) == ("kunpeng", "Kunpeng-920")


@pytest.mark.parametrize(("code", "cpu"), [("0x48", "hisilicon"), ("0x41", "arm"), ("0x99", "other")])
def test_other_arm_processors_are_named_by_who_made_them(tmp_path: Path, code: str, cpu: str) -> None:
    facts = detect(tree(tmp_path, proc__cpuinfo=f"CPU implementer\t: {code}\nCPU part\t: 0xd40\n"))
    assert value(facts, "cpu") == cpu
    assert "cpu_model" not in facts.named


def test_an_x86_processor_is_known_by_its_vendor(tmp_path: Path) -> None:
    facts = detect(tree(tmp_path, proc__cpuinfo=INTEL), machine="AMD64")
    assert (value(facts, "arch"), value(facts, "cpu")) == ("x86_64", "intel")
    assert value(facts, "cpu_model") == "Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz"
    assert value(detect(tree(tmp_path, proc__cpuinfo="vendor_id: Mystery")), "cpu") == "other"


@given(st.text() | st.from_regex(r"(CPU (implementer|part)\s*:.{0,9}\n){1,4}") | st.from_regex(r"vendor_id:.*"))
def test_any_cpuinfo_is_read(text: str) -> None:
    assert set(module._cpu(text)) <= {"cpu", "cpu_model"}


def test_an_empty_root_gives_fewer_facts_and_no_crash(tmp_path: Path) -> None:
    facts = detect(tmp_path)
    assert not {"cpu", "cpu_model", "memory_mb", "npu_model", "os"} & set(facts.named)
    assert value(facts, "npu") == "none"
    assert how(facts, "npu") == "no /dev/davinci0 or higher"
    assert (value(facts, "gpu"), value(facts, "gpu_count")) == ("none", 0)


@pytest.fixture
def _sixty_four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)


QUOTAS = [("400000 100000", 4), ("250000 100000", 2), ("50000 100000", 1), ("max 100000", 64), ("x", 64), ("", 64)]


@pytest.mark.usefixtures("_sixty_four_cores")
@pytest.mark.parametrize(("quota", "cores"), QUOTAS)
def test_a_cpu_quota_leaves_its_whole_cores(tmp_path: Path, quota: str, cores: int) -> None:
    fact = detect(tree(tmp_path, **{"sys__fs__cgroup__cpu.max": quota})).named["cores"]
    quota_of = "the control group's CPU quota, of " if cores < 64 else ""
    assert fact == Fact(cores, f"{quota_of}64 cores that this process may run on")


@pytest.mark.usefixtures("_sixty_four_cores")
def test_the_tightest_control_group_counts(tmp_path: Path) -> None:
    above = "sys__fs__cgroup__visavis.slice__"
    files = {f"{above}node.service__cpu.max": "max 100000", f"{above}cpu.max": "800000 100000"}
    files["proc__self__cgroup"] = "0::/visavis.slice/node.service\n"
    assert value(detect(tree(tmp_path, **files)), "cores") == 8


@pytest.mark.usefixtures("_sixty_four_cores")
def test_the_older_control_groups_are_read_too(tmp_path: Path) -> None:
    files = {
        "proc__self__cgroup": "9:memory:/docker/ab\n4:cpu,cpuacct:/docker/ab\n1:name=systemd:/docker/ab\nodd\n",
        "proc__meminfo": "MemTotal:       65536000 kB\n",
        "sys__fs__cgroup__cpu__cpu.cfs_quota_us": "300000\n",
        "sys__fs__cgroup__cpu__cpu.cfs_period_us": "100000\n",
        "sys__fs__cgroup__memory__docker__ab__memory.limit_in_bytes": f"{2 << 30}\n",
        "sys__fs__cgroup__memory__memory.limit_in_bytes": "9223372036854771712\n",
    }
    facts = detect(tree(tmp_path, **files))
    assert (value(facts, "cores"), value(facts, "memory_mb")) == (3, 2048)


@pytest.mark.parametrize(("limit", "megabytes"), [(f"{4 << 30}", 4096), ("max", 15625), (f"{64 << 30}", 15625)])
def test_memory_is_the_machines_or_what_the_control_group_leaves(tmp_path: Path, limit: str, megabytes: int) -> None:
    files = {"proc__meminfo": "MemTotal:       16000000 kB\nMemFree: 1 kB\n", "sys__fs__cgroup__memory.max": limit}
    assert value(detect(tree(tmp_path, **files)), "memory_mb") == megabytes


def test_ascend_boards_are_counted_and_named_by_npu_smi(tmp_path: Path) -> None:
    facts = detect(ascend(tmp_path, PRINT + P3 + "END"), environ={})
    assert (value(facts, "npu"), value(facts, "npu_count")) == ("ascend", 3)
    assert how(facts, "npu") == "/dev/davinci0, /dev/davinci1, /dev/davinci10, and /dev/davinci_manager"
    assert facts.named["npu_model"] == Fact("310P3", "npu-smi info")


@pytest.mark.parametrize("folder", ["usr/local/sbin", "usr/local/Ascend/driver/tools"])
def test_npu_smi_is_found_where_drivers_put_it(tmp_path: Path, folder: str) -> None:
    assert value(detect(ascend(tmp_path, PRINT + B4 + "END", folder=folder), environ={}), "npu_model") == "910B4-1"


def test_boards_of_different_kinds_are_all_named_and_ascend910_by_its_number(tmp_path: Path) -> None:
    facts = detect(ascend(tmp_path, "exit 9"), lambda _: A3 + P3, environ={})
    assert value(facts, "npu_model") == "910, 310P3"


FAILURES = [
    ("echo libdrvdsmi_host.so: cannot open >&2; exit 127", "npu-smi failed: exit status 127: libdrvdsmi_host.so"),
    ("echo dcmi module initialize failed; exit 1", "npu-smi failed: exit status 1: dcmi module initialize failed"),
    ("exit 3", "npu-smi failed: exit status 3"),
    ("echo hello", "npu-smi failed: it printed no board that can be read"),
]


@pytest.mark.parametrize(("smi", "why"), FAILURES)
def test_a_failing_npu_smi_is_a_fact_and_no_crash(tmp_path: Path, smi: str, why: str) -> None:
    facts = detect(ascend(tmp_path, smi), environ={})
    assert (value(facts, "npu"), value(facts, "npu_model")) == ("ascend", "unknown")
    assert how(facts, "npu_model").startswith(why)


def test_an_npu_smi_that_hangs_is_given_up(tmp_path: Path) -> None:
    def hang(words: Sequence[str]) -> str:
        raise subprocess.TimeoutExpired(list(words), 5)

    facts = detect(ascend(tmp_path, "exit 9"), hang, environ={})
    assert "timed out after 5 seconds" in how(facts, "npu_model")


def test_without_npu_smi_the_model_is_simply_absent(tmp_path: Path) -> None:
    assert "npu_model" not in detect(ascend(tmp_path), environ={}).named


def test_boards_without_their_manager_are_no_use(tmp_path: Path) -> None:
    facts = detect(tree(tmp_path, dev__davinci0=""), environ={})
    assert (value(facts, "npu"), value(facts, "npu_count")) == ("none", 0)
    assert "a container needs both" in how(facts, "npu")


SHOWN = [("0", 1), ("0,10", 2), ("0-1", 2), (" 1, 5-10 ", 2), ("Ascend910-10", 1), ("7", 0), ("void", 0), ("?", 3)]


@pytest.mark.parametrize(("allowed", "count"), [*SHOWN, ("", 3)])
def test_only_the_boards_count_that_ascend_visible_devices_shows(tmp_path: Path, allowed: str, count: int) -> None:
    facts = detect(ascend(tmp_path), environ={"ASCEND_VISIBLE_DEVICES": allowed})
    assert value(facts, "npu_count") == count
    assert value(facts, "npu") == ("ascend" if count else "none")
    assert (f"ASCEND_VISIBLE_DEVICES={allowed} hides" in how(facts, "npu")) is (count < 3)


def test_a_slice_of_a_board_keeps_its_own_number(tmp_path: Path) -> None:
    environ = {"ASCEND_VISIBLE_DEVICES": "0", "ASCEND_VNPU_SPECS": "vir04"}
    assert value(detect(ascend(tmp_path, boards=[100]), environ=environ), "npu_count") == 1


@given(st.integers(0, 99), st.text() | st.from_regex(r"[0-9,\- ]*"))
def test_any_ascend_visible_devices_is_read(number: int, allowed: str) -> None:
    assert module._visible(number, allowed) in {True, False}


@given(st.text() | st.from_regex(r"(\| *[0-9]* +[A-Za-z0-9-]* *\| *[A-Z]* *\|\n)+"))
def test_any_output_of_npu_smi_is_read(text: str) -> None:
    assert all(name[:3].isdecimal() for name in module._BOARD.findall(text))


def test_nvidia_cards_are_counted_also_those_that_only_the_driver_knows_yet(tmp_path: Path) -> None:
    facts = detect(tree(tmp_path, dev__nvidia0="", dev__nvidia1="", dev__nvidiactl="", **{"dev__nvidia-uvm": ""}))
    assert (value(facts, "gpu"), value(facts, "gpu_count")) == ("nvidia", 2)
    assert how(facts, "gpu") == "/dev/nvidia0, /dev/nvidia1"
    unused = detect(tree(tmp_path / "unused", **{"proc__driver__nvidia__gpus__0000:17:00.0__information": ""}))
    assert (value(unused, "gpu"), value(unused, "gpu_count")) == ("nvidia", 1)


def test_the_system_is_read_with_its_quotes_taken_off(tmp_path: Path) -> None:
    text = 'NAME="openEuler"\nVERSION="22.03 (LTS-SP3)"\nID="openEuler"\nVERSION_ID="22.03"\n'
    facts = detect(tree(tmp_path, **{"usr__lib__os-release": text}))
    assert (value(facts, "os"), value(facts, "os_version")) == ("openEuler", "22.03")


def test_json_has_the_value_and_how_by_name(tmp_path: Path) -> None:
    read = json.loads(detect(tmp_path, machine="arm64").as_json())
    assert read["arch"] == {"value": "aarch64", "how": "the kernel says arm64"}


def test_the_table_is_bilingual_and_its_columns_line_up() -> None:
    facts = Facts({"cores": Fact(4, "counted"), "label.hall": Fact("东厅", "given by --label")})
    header, *lines = table(facts).split("\n")
    assert header == "名称 fact   值 value  如何得知 how it was found"
    assert lines == ["cores       4         counted", "label.hall  东厅      given by --label"]


def test_a_program_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        run_program([str(tmp_path / "nothing")])


def test_facts_need_no_heavy_library() -> None:
    code = "import sys, pipeline.facts as f; f.table(f.detect()); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "pydantic", "yaml", "aiohttp", "asyncio"} & set(done.stdout.split())
