"""What this machine is: facts by name, each with its value and how it was found."""

import json
import os
import platform
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from pipeline.errors import ConfigError

NUMBERS = ("cores", "memory_mb", "npu_count", "gpu_count")
"""Facts that are whole numbers; the others are words."""
WORDS = ("arch", "cpu", "cpu_model", "npu", "npu_model", "gpu", "os", "os_version", "python", "glibc", "node", "role")
NAMES = (*NUMBERS, *WORDS)
"""All facts but labels. `node` (the node's name) and `role` (edge or node) are not found but given by who runs it."""
LABEL = "label."
"""How the name of a fact begins that somebody made up."""

_ARCHES = {"amd64": "x86_64", "arm64": "aarch64"}
_VENDORS = {"GenuineIntel": "intel", "AuthenticAMD": "amd", "HygonGenuine": "hygon"}
_IMPLEMENTERS = {0x41: "arm", 0x48: "hisilicon", 0x61: "apple", 0x70: "phytium", 0xC0: "ampere"}
_KUNPENG = {0xD01: "Kunpeng-920 (TaiShan v110)", 0xD02: "Kunpeng-920B (TaiShan v120)"}
"""Parts of implementer 0x48. Both tables: Linux arch/arm64/include/asm/cputype.h, util-linux sys-utils/lscpu-arm.c."""
_NPU_SMI = ("usr/local/bin", "usr/local/sbin", "usr/local/Ascend/driver/tools")
"""Where the Ascend driver, and images made for it, keep npu-smi."""
_BOARD = re.compile(r"^\|\s*\d+\s+(?:Ascend)?(\d{3}[A-Z0-9_-]*)\s*\|\s*(?!NA\b)[A-Za-z]+\s*\|", re.MULTILINE)
"""The first of a board's two lines in `npu-smi info`: number, name and health. The second has a bus (or NA) there."""
_VISIBLE = re.compile(r"(?:Ascend\w*-)?(\d{1,6})(?:-(\d{1,6}))?", re.ASCII)
_MEND = "name a file that visavis facts --json wrote, as UTF-8"
_HEX = re.compile(r"0x[0-9a-fA-F]{1,8}")
_KEY = re.compile(r"\w[\w./-]*")

Run = Callable[[Sequence[str]], str]
"""Runs a program: its words in, what it printed out; OSError or subprocess.SubprocessError when it could not."""


@dataclass(frozen=True)
class Fact:
    """A value, and one plain sentence on how it was found."""

    value: str | int
    how: str


@dataclass(frozen=True)
class Facts:
    """What is known of one machine, by name."""

    named: Mapping[str, Fact]

    def overridden(self, labels: Mapping[str, str], how: str = "given by --label") -> "Facts":
        """The same with `labels` on top: a key that is no fact's name is `label.<key>`. ConfigError: not a number."""
        given = dict(_given(key, text) for key, text in labels.items())
        return Facts({**self.named, **{name: Fact(value, how) for name, value in given.items()}})

    def as_json(self) -> str:
        """An object of facts by name, each `{"value": …, "how": …}`."""
        return json.dumps({name: asdict(fact) for name, fact in self.named.items()}, ensure_ascii=False, indent=2)

    @classmethod
    def from_json(cls, text: str, source: str) -> "Facts":
        """What `as_json` wrote; `source` names it in the ConfigError of text that it did not write."""
        from pydantic import TypeAdapter, ValidationError  # takes longer than finding all the facts

        try:
            return cls(TypeAdapter(dict[str, Fact]).validate_json(text.encode(errors="replace"), strict=True))
        except ValidationError as error:
            where = ": ".join([source, *map(str, error.errors()[0]["loc"][:2])])
            raise ConfigError("facts-unreadable", f"{where}: {error.errors()[0]['msg']}; {_MEND}") from error


def read_facts(path: Path) -> Facts:
    """The facts in a file that `visavis facts --json` wrote. ConfigError: not there, not UTF-8, not facts."""
    try:
        return Facts.from_json(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        why = error.strerror or str(error)
    except UnicodeDecodeError as error:
        why = f"is not UTF-8 text ({error.reason})"
    raise ConfigError("facts-unreadable", f"{path}: {why}; {_MEND}")


def labels(words: Sequence[str]) -> dict[str, str]:
    """Words like `hall=east` of `--label`, as keys and values. ConfigError: malformed, or one name given twice."""
    given: dict[str, str] = {}
    for word in words:
        key, equals, value = (part.strip() for part in word.partition("="))
        if not (equals and value and value.isprintable() and _KEY.fullmatch(key.removeprefix(LABEL))):
            raise ConfigError("label-invalid", f"--label {word!r}: should be name=value, like --label hall=east")
        name, _ = _given(key, value)
        if name in (_given(*other)[0] for other in given.items()):
            raise ConfigError("label-invalid", f"--label {word}: {name} is given twice; leave one of them out")
        given[key] = value
    return given


def _given(key: str, text: str) -> tuple[str, str | int]:
    """Name and value of the fact that a label makes."""
    name = key if key in NAMES or key.startswith(LABEL) else LABEL + key
    if name not in NUMBERS:
        return name, arch_name(text) if name == "arch" else text
    if (number := _number(text)) is None:
        raise ConfigError("label-invalid", f"--label {name}={text}: should be a whole number: --label {name}=4")
    return name, number


def run_program(words: Sequence[str]) -> str:
    """What a program prints, within 5 s. OSError, subprocess.SubprocessError: it failed."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=5)  # noqa: S603  the driver's own
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).decode(errors="replace").splitlines()
        raise OSError(": ".join([f"exit status {done.returncode}", *said[-1:]]))
    return done.stdout.decode(errors="replace")


def detect(
    root: Path = Path("/"), run: Run = run_program, *, environ: Mapping[str, str] = os.environ, machine: str = ""
) -> Facts:
    """What the files below `root` say, npu-smi by way of `run`, and `machine` (or the kernel). Nothing is raised."""
    machine = machine or platform.machine()
    library, version = platform.libc_ver()
    named = {
        "arch": Fact(arch_name(machine), f"the kernel says {machine}"),
        # the first processors will do: the kernel makes this text while it is read, and takes its time for hundreds
        **_cpu(_text(root / "proc/cpuinfo", 8192)),
        "cores": _cores(root),
        **_memory(root),
        **_npu(root, run, environ),
        **_gpu(root),
        **_system(root),
        "python": Fact(platform.python_version(), "the Python that runs this"),
        **({"glibc": Fact(version, "the C library that Python runs on")} if library == "glibc" else {}),
    }
    return Facts(named)


def table(facts: Facts) -> str:
    """All facts as lines of three columns, under a header in Chinese and English."""
    rows = [(name, str(fact.value), fact.how) for name, fact in facts.named.items()]
    rows.insert(0, ("名称 fact", "值 value", "如何得知 how it was found"))
    first, second = (max(_columns(row[column]) for row in rows) + 2 for column in (0, 1))
    return "\n".join(
        name + " " * (first - _columns(name)) + value + " " * (second - _columns(value)) + how
        for name, value, how in rows
    )


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def arch_name(machine: str) -> str:
    """A processor architecture as Linux calls it: arm64 is aarch64, AMD64 is x86_64."""
    return _ARCHES.get(machine.lower(), machine.lower())


def _text(path: Path, limit: int = 1 << 20) -> str:
    """The beginning of a file, empty where it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(limit)
    except OSError:
        return ""


def _fields(text: str, sign: str = ":") -> dict[str, str]:
    """`key: value` lines; of equal keys the first, so of many processors the first."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(sign)
        found.setdefault(key.strip(), value.strip())
    return found


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,20}", text) else None


def _cpu(text: str) -> dict[str, Fact]:
    """`cpu` and `cpu_model` from the text of /proc/cpuinfo."""
    said = _fields(text)
    keys = ("vendor_id", "model name", "CPU implementer", "CPU part")
    vendor, model, implementer, part = (said.get(key, "") for key in keys)
    found: dict[str, Fact] = {}
    if _HEX.fullmatch(implementer):
        how = f"CPU implementer {implementer}, part {part or 'not told'} in /proc/cpuinfo"
        kunpeng = _KUNPENG.get(int(part, 16)) if int(implementer, 16) == 0x48 and _HEX.fullmatch(part) else None
        found["cpu"] = Fact("kunpeng" if kunpeng else _IMPLEMENTERS.get(int(implementer, 16), "other"), how)
        found |= {"cpu_model": Fact(kunpeng, how)} if kunpeng else {}
    elif vendor:
        found["cpu"] = Fact(_VENDORS.get(vendor, "other"), f"vendor_id {vendor} in /proc/cpuinfo")
    return found | ({"cpu_model": Fact(model, "model name in /proc/cpuinfo")} if model else {})


def _groups(root: Path, controller: str) -> list[Path]:
    """Folders of this process's control group and of those above: version 2, and 1 (openEuler 22.03 has it)."""
    lines = _text(root / "proc/self/cgroup").splitlines() or ["0::/", f"1:{controller}:/"]
    folders = []
    for number, kinds, place in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if number == "0" or controller in kinds.split(","):
            base = root / "sys/fs/cgroup" / (controller if kinds else "")
            own = PurePosixPath("/" if ".." in place else place)  # outside of what this container sees
            folders += [base / str(group).lstrip("/") for group in (own, *own.parents)]
    return folders


def _cores(root: Path) -> Fact:
    """Whole cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed = cores
    for folder in _groups(root, "cpu"):
        old = [_text(folder / name).strip() for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")]
        quota, period = (*map(_number, _text(folder / "cpu.max").split() or old), None, None)[:2]
        if quota and period:
            allowed = min(allowed, max(1, quota // period))
    quota_of = "the control group's CPU quota, of " if allowed < cores else ""
    return Fact(allowed, f"{quota_of}{cores} cores that this process may run on")


def _memory(root: Path) -> dict[str, Fact]:
    """`memory_mb`, of 1024 * 1024 bytes."""
    kilobytes = _number(_fields(_text(root / "proc/meminfo")).get("MemTotal", "").removesuffix("kB").strip())
    if kilobytes is None:
        return {}
    files = [group / name for group in _groups(root, "memory") for name in ("memory.max", "memory.limit_in_bytes")]
    limits = [limit >> 20 for file in files if (limit := _number(_text(file).strip())) is not None]
    total, allowed = kilobytes >> 10, min(limits, default=kilobytes)
    how = f"the control group's limit, of {total} MB" if allowed < total else "MemTotal in /proc/meminfo"
    return {"memory_mb": Fact(min(total, allowed), how)}


def _files(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def _devices(root: Path, kind: str) -> list[int]:
    """Numbers N of the files /dev/<kind>N."""
    names = [name.removeprefix(kind) for name in _files(root / "dev") if name.startswith(kind)]
    return sorted(number for name in names if (number := _number(name)) is not None)


def _npu(root: Path, run: Run, environ: Mapping[str, str]) -> dict[str, Fact]:
    """`npu`, `npu_count` and `npu_model`."""
    # a slice of a board (ASCEND_VNPU_SPECS) gets a device of another number than the board's
    allowed = "" if environ.get("ASCEND_VNPU_SPECS") else environ.get("ASCEND_VISIBLE_DEVICES", "")
    devices = _devices(root, "davinci")
    seen = [number for number in devices if _visible(number, allowed)]
    how = ", ".join(f"/dev/davinci{number}" for number in seen or devices) or "no /dev/davinci0 or higher"
    if len(seen) < len(devices):
        how += f"; ASCEND_VISIBLE_DEVICES={allowed} hides {'others' if seen else 'it'}"
    if devices and "davinci_manager" not in _files(root / "dev"):
        how, seen = f"{how}, but no /dev/davinci_manager: a container needs both", []
    manager = ", and /dev/davinci_manager" if seen else ""
    found = {"npu": Fact("ascend" if seen else "none", how + manager), "npu_count": Fact(len(seen), how)}
    return {**found, **_npu_model(root, run)} if seen else found


def _visible(number: int, allowed: str) -> bool:
    """As Ascend Docker Runtime reads `0,2-3`, `Ascend910-0` and `void`; what it would not understand hides nothing."""
    ranges = [_VISIBLE.fullmatch(part.strip()) for part in allowed.split(",")]
    if not all(ranges):
        return allowed.strip().lower() != "void"
    return any(found and int(found[1]) <= number <= int(found[2] or found[1]) for found in ranges)


def _npu_model(root: Path, run: Run) -> dict[str, Fact]:
    """What npu-smi calls the boards; `unknown` when it is there and fails."""
    if not (program := shutil.which("npu-smi", path=os.pathsep.join(str(root / folder) for folder in _NPU_SMI))):
        return {}
    try:
        models = dict.fromkeys(_BOARD.findall(run([program, "info"])))
    except (OSError, subprocess.SubprocessError) as error:
        return {"npu_model": Fact("unknown", f"npu-smi failed: {error}")}
    how = "npu-smi info" if models else "npu-smi failed: it printed no board that can be read"
    return {"npu_model": Fact(", ".join(models) or "unknown", how)}


def _gpu(root: Path) -> dict[str, Fact]:
    """`gpu` and `gpu_count`."""
    cards = [f"/dev/nvidia{number}" for number in _devices(root, "nvidia")]
    # the devices of a driver that nobody used since the machine started are not there yet
    cards = cards or [f"/proc/driver/nvidia/gpus/{name}" for name in _files(root / "proc/driver/nvidia/gpus")]
    how = ", ".join(cards) or "no /dev/nvidia0 or higher, and no card in /proc/driver/nvidia/gpus"
    return {"gpu": Fact("nvidia" if cards else "none", how), "gpu_count": Fact(len(cards), how)}


def _system(root: Path) -> dict[str, Fact]:
    """`os` and `os_version`."""
    said = _fields(_text(root / "etc/os-release") or _text(root / "usr/lib/os-release"), "=")
    values = {name: (key, said.get(key, "").strip("\"'")) for name, key in (("os", "ID"), ("os_version", "VERSION_ID"))}
    return {name: Fact(value, f"{key} in /etc/os-release") for name, (key, value) in values.items() if value}
