"""An avatar pack: read whole or refused with every reason, and drawn by the code that is committed with it."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from avatars._rig_tables import ARKIT, HEAD, VISEMES
from avatars.pack import Pack, read_pack, rig_json
from avatars.rig import RigFrame, arkit, head, sample
from pipeline.envelope import Gaze, Pose
from pipeline.errors import ConfigError
from pipeline.messages import Cues
from training.mei import drawing

ROOT = Path(__file__).parent.parent
MEI = ROOT / "avatars" / "mei"
FACE = ROOT / "avatars" / "kiosk" / "face"
Facts = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of Mei to be spoilt."""
    copy = tmp_path / "mei"
    shutil.copytree(MEI, copy, ignore=shutil.ignore_patterns("lines"))
    return copy


def spoil(folder: Path, change: Callable[[Facts], None]) -> str:
    """What reading says about a pack whose facts were changed."""
    path = folder / "avatar.yaml"
    facts = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(facts)
    path.write_text(yaml.safe_dump(facts, allow_unicode=True), encoding="utf-8")
    return refusal(folder)


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_pack(folder)
    assert caught.value.code == "avatar-invalid"
    return caught.value.text


def layer(facts: Facts, name: str) -> Facts:
    found: Facts = next(layer for layer in facts["layers"] if layer["id"] == name)
    return found


def test_mei_is_whole() -> None:
    pack = read_pack(MEI)
    assert set(pack.facts.gestures) | {"nod", "shake"} == set(HEAD)
    assert pack.facts.expressions == ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
    assert pack.facts.moods == ("idle", "listening", "thinking", "speaking", "greeting", "sorry", "asleep")


def test_the_art_is_what_the_code_draws() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in (MEI / "art").iterdir()}
    assert committed == drawing()


def test_only_files_of_the_pack_may_be_served() -> None:
    pack = read_pack(MEI)
    drawn = {f"art/{path.name}" for path in (MEI / "art").iterdir()}
    assert pack.files == drawn
    assert "avatar.yaml" not in pack.files


def test_the_page_gets_each_layer_with_its_box() -> None:
    data = json.loads(read_pack(MEI).as_json())
    assert all(len(layer["box"]) == 4 for layer in data["layers"])
    assert data["views"].keys() == {"portrait", "landscape", "head"}


def test_the_first_load_is_small() -> None:
    """Everything a page fetches to show the face, as the server sends it at worst: not compressed."""
    pack = read_pack(MEI)
    code = sum(path.stat().st_size for path in FACE.glob("*.js"))
    first = sum((MEI / name).stat().st_size for name in first_files(pack))
    assert code + first + len(pack.as_json()) + len(rig_json()) < 300_000


def first_files(pack: Pack) -> set[str]:
    """Without what only gestures bring in."""
    brought = {part.target for parts in pack.facts.gestures.values() for part in parts}
    layers = [layer for layer in pack.facts.layers if layer.id not in brought]
    background = {pack.facts.background.portrait} if pack.facts.background else set()
    return {layer.art for layer in layers} | {layer.motion for layer in layers if layer.motion} | background


@pytest.mark.parametrize(
    "name", ["../mei/art/face.svg", "/etc/passwd", "art/../../face.svg", "art\\face.svg", "Art/face.svg", ".hidden.svg"]
)
def test_no_name_leaves_the_folder(folder: Path, name: str) -> None:
    said = spoil(folder, lambda facts: layer(facts, "face").update(art=name))
    assert "layers.3.art: should name a file in the pack" in said


def test_no_link_leaves_the_folder(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.svg"
    outside.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>', encoding="utf-8")
    (folder / "art" / "face.svg").unlink()
    (folder / "art" / "face.svg").symlink_to(outside)
    assert "art/face.svg is not in" in refusal(folder)


def test_every_mistake_is_said_with_its_line(folder: Path) -> None:
    def change(facts: Facts) -> None:
        layer(facts, "face")["art"] = "art/nobody.svg"
        layer(facts, "jaw")["bone"] = "tail"
        facts["colour"] = "teal"

    said = spoil(folder, change)
    assert "bone" in said
    assert "colour: unknown key" in said
    assert "avatar.yaml:" in said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda facts: facts.update(format=2), "format"),
        (lambda facts: layer(facts, "jaw").update(id="face"), "'face' names two layers"),
        (lambda facts: layer(facts, "face").update(art="art/nobody.svg"), "art/nobody.svg is not in"),
        (lambda facts: layer(facts, "face").update(art="art/eyes.json"), "art/eyes.json should be one of .svg"),
        (lambda facts: layer(facts, "mouth").update(motion="art/nobody.json"), "art/nobody.json is not in"),
        (lambda facts: layer(facts, "mouth").update(art="art/face.svg"), "the art has no element with the id"),
        (lambda facts: facts["gestures"].update(jump=[]), "no such gesture"),
        (lambda facts: facts["gestures"]["wave"][0].update(target="tail"), "no layer is called 'tail'"),
        (lambda facts: facts["mouth"].update(upper="nose"), "no motion has a curve 'nose'"),
        (lambda facts: facts["background"].update(portrait="art/nobody.svg"), "art/nobody.svg is not in"),
        (lambda facts: facts.update(expressions=["bored"]), "'bored' is no expression"),
    ],
)
def test_what_does_not_fit_is_refused(folder: Path, change: Callable[[Facts], None], says: str) -> None:
    assert says in spoil(folder, change)


@pytest.mark.parametrize(
    "text",
    [
        "<script>1</script>", '<path onclick="x()"/>', '<path style="fill:red"/>', "<style>*{}</style>",
        '<image href="http://example.org/x.png"/>', '<path fill="url(http://example.org/#a)"/>', "<foreignObject/>",
    ],
)  # fmt: skip
def test_art_that_runs_or_loads_is_refused(folder: Path, text: str) -> None:
    path = folder / "art" / "face.svg"
    path.write_text(path.read_text(encoding="utf-8").replace("</svg>", f"{text}</svg>"), encoding="utf-8")
    assert "which a page may not run or load" in refusal(folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda facts: facts["keys"]["jawOpen"]["lip-top"].pop(), "should have as many numbers as the curve"),
        (lambda facts: facts["keys"].update(jawOpne={}), "'jawOpne' is none of ARKit's shapes"),
        (lambda facts: facts["paths"]["upper"]["curves"].append("-moustache"), "there is no curve 'moustache'"),
        (lambda facts: facts.update(colour=1), "Extra inputs are not permitted"),
    ],
)
def test_motion_that_does_not_fit_is_refused(folder: Path, change: Callable[[Facts], None], says: str) -> None:
    path = folder / "art" / "mouth.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    change(facts)
    path.write_text(json.dumps(facts), encoding="utf-8")
    assert says in refusal(folder)


def test_a_folder_without_a_pack_is_refused(tmp_path: Path) -> None:
    assert "a pack is a folder with an avatar.yaml" in refusal(tmp_path)


CUES = [
    Cues(
        index=0, part=part, start=12000 * part, samples=12000,
        visemes=tuple(Pose(name=name, start=12000 * part + 700 * at - 300, attack=12000 * part + 700 * at,
                           release=12000 * part + 700 * at + 400, end=12000 * part + 700 * at + 1000,
                           weight=0.3 + 0.04 * at)
                      for at, name in enumerate(VISEMES)),
        expressions=(Pose(name=("happy", "sad")[part], start=12000 * part, attack=12000 * part + 3000,
                          release=12000 * part + 9000, end=12000 * part + 14000, weight=0.8),
                     Pose(name="blink", start=5000, attack=6900, release=7800, end=11000, weight=1.0)),
        gestures=tuple(Pose(name=name, start=2000 * at, attack=2000 * at + 1500, release=2000 * at + 1500,
                            end=2000 * at + 4000)
                       for at, name in enumerate(sorted(HEAD))),
        gaze=(Gaze(at=4000, x=0.3, y=-0.2), Gaze(at=1000 + 12000 * part, x=-0.5, y=0.4)),
    )
    for part in (0, 1)
]  # fmt: skip
"""Everything at once, so that sums, clamps and orders are met."""
TIMES = list(range(-500, 30000, 137))
_ASK = """
import { Rig } from '%s';
const { tables, cues, times } = JSON.parse(await new Promise((done) => {
  let text = ''; process.stdin.on('data', (part) => { text += part; }).on('end', () => done(text)); }));
const rig = new Rig(tables);
console.log(JSON.stringify(times.map((at) => {
  const frame = rig.sample(cues, at);
  return { arkit: rig.arkit(frame), head: rig.head(frame), gaze: frame.gaze, ages: frame.ages };
})));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
def test_the_page_moves_the_face_exactly_as_the_rig_does(tmp_path: Path) -> None:
    shutil.copy(FACE / "rig.js", tmp_path / "rig.mjs")
    script = tmp_path / "ask.mjs"
    script.write_text(_ASK % "./rig.mjs", encoding="utf-8")
    asked = {"tables": json.loads(rig_json()), "cues": [cue.model_dump(mode="json") for cue in CUES], "times": TIMES}
    done = subprocess.run(["node", str(script)], input=json.dumps(asked), capture_output=True, text=True, check=True)
    for at, found in zip(TIMES, json.loads(done.stdout), strict=True):
        same(found, sample(CUES, at))


def same(found: Facts, frame: RigFrame) -> None:
    assert tuple(found["arkit"]) == ARKIT
    assert found["arkit"] == pytest.approx(arkit(frame), abs=1e-6)
    assert found["head"] == pytest.approx(head(frame), abs=1e-6)
    assert found["gaze"] == pytest.approx(frame.gaze, abs=1e-6)
    assert found["ages"] == pytest.approx(frame.ages, abs=1e-6)
