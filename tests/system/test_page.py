"""The kiosk page as a visitor meets it, in a real browser: by voice, hand and keyboard, in two languages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import SOUNDING, WELL, Tab, chromium, tab
from tests.fake_server import FakeServer, fake_server, tone

pytestmark = pytest.mark.system

TEXT = "博物馆周二到周日九点开门。"
WORDS = [
    {"text": "博物馆", "start": 0, "end": 9_000, "offset": 0},
    {"text": "周二", "start": 12_000, "end": 20_000, "offset": 3},
]
HAPPY = {"label": "happy", "valence": 0.6, "arousal": 0.3, "confidence": 0.8}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("page"), SOUNDING) as opened:
        yield opened


@pytest.fixture(scope="module")
def kiosk(browser: Browser) -> Iterator[tuple[Tab, FakeServer]]:
    with fake_server() as server, tab(browser, server.url) as opened:
        opened.until(WELL)
        yield opened, server


@pytest.fixture
def page(kiosk: tuple[Tab, FakeServer]) -> tuple[Tab, FakeServer]:
    """The page as it is when the visitor before has gone."""
    opened, server = kiosk
    server.say("cut")
    server.say("session_ended", why="idle")
    left = opened.until("state().visit.attract && state().loudspeaker.waiting === 0 && !state().caption.word")
    server.wait(lambda: server.reports == sum(left["played"].values()))
    server.forget()
    return opened, server


def begin(server: FakeServer, mode: str = "hands-free") -> None:
    """A visit begins, with a question and what was sensed in it."""
    server.say("session_started", session="s1", language="zh", mode=mode)
    server.say("transcript", turn=1, text="几点开门？", language="zh", confidence=0.9, partial=False)
    server.say("emotion", turn=1, source="voice", feeling=HAPPY)


def test_nobody_there_is_invited_and_a_touch_begins(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    assert opened.text("#invitation .zh") == "点一下，或直接跟我说话"
    assert opened.text("#invitation .en") == "Touch, or just talk to me"
    assert not opened.page.locator("#controls").is_visible()
    opened.page.mouse.click(300, 300)
    server.wait(lambda: server.of("presence") == [{"type": "presence", "present": True}])
    assert opened.page.locator("#controls").is_visible()
    assert opened.state()["visit"]["attract"] is False


def test_a_voice_begins_too(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    server.say("speech_started", at_sample=0, sure=False)
    opened.until("state().visit.present && state().visit.phase === 'hearing' && state().face.mood === 'listening'")
    assert opened.text("#talk-label") == "我在听"


def test_what_was_heard_is_shown_with_its_feeling_and_goes_with_the_visitor(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    server.say("transcript", turn=1, text="几点", language="zh", confidence=0.4, partial=True)
    begin(server)
    opened.page.wait_for_selector(".feeling")
    assert opened.text(".visitor p") == "几点开门？"
    assert opened.page.locator(".feeling").text_content() == "听起来 开心"
    assert opened.page.locator(".feeling svg path").count() == 1, "a shape, not a colour alone"
    server.say("session_ended", why="idle")
    opened.until("state().visit.attract")
    assert opened.page.locator("#chat > *").count() == 0


def test_thinking_is_shown_until_she_speaks(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    begin(server)
    server.say("turn_ended", turn=1)
    server.say("thought", index=0, text="Opening hours are wanted.")
    opened.until("state().visit.phase === 'thinking' && state().face.mood === 'thinking'")
    assert opened.text("#thinking .thought") == "Opening hours are wanted."
    server.play(tone(1), text=TEXT)
    opened.until("state().visit.phase === 'speaking' && state().face.mood === 'speaking'")
    assert not opened.page.locator("#thinking").is_visible()


def test_the_caption_marks_the_word_that_is_heard(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    begin(server)
    server.play(tone(1.2), text=TEXT, words=WORDS)
    at = opened.until("state().caption.word === '周二'")["playing"]["sample"]
    assert at >= 11_900
    assert opened.text("#captions") == TEXT
    assert opened.page.locator("#captions p").get_attribute("lang") == "zh-CN"
    assert opened.seen("#captions p")


def test_an_answer_that_was_cut_stands_as_far_as_it_was_heard(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    begin(server)
    server.say("sentence", index=1, text=TEXT, language="zh", sources=["faq#hours"], by="knowledge")
    server.say("sentence", index=0, text="欢迎！", language="zh", sources=["hall"], by="knowledge")
    server.play(tone(0.3), text="欢迎！", cause="c0")
    server.play(tone(5), text=TEXT, words=WORDS)
    opened.until("state().caption.word === '周二'")
    assert opened.page.locator(".avatar small").all_inner_texts() == ["来源：知识库"], "once an answer, without slugs"
    assert opened.page.locator(".avatar small").get_attribute("data-sources") == "hall faq#hours"
    server.say("cut")
    server.wait(lambda: server.played("cut"))
    assert opened.page.locator(".avatar p").last.inner_text() == "博物馆周二 —"


def test_who_chooses_the_language_first_is_greeted_in_it(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    opened.page.click("#language-button")
    server.wait(lambda: server.of("presence"))
    said = [message for message in server.heard if message["type"] in {"control", "presence"}]
    assert said == [{"type": "control", "language": "en"}, {"type": "presence", "present": True}]
    assert opened.text("#model") == "Knowledge base"


def test_the_space_bar_talks_after_a_button_was_touched(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    begin(server)
    opened.page.click("#mode-button")
    opened.page.get_by_role("button", name="几点开门？").click()
    opened.page.keyboard.press("Space", delay=400)
    server.wait(lambda: len(server.of("talk")) == 2)
    assert (len(server.of("typed")), [said["mode"] for said in server.of("control")]) == (1, ["push-to-talk"])
    opened.page.keyboard.press("Tab")
    opened.page.focus("#mode-button")
    opened.page.keyboard.press("Space")
    server.wait(lambda: len(server.of("control")) == 2)
    assert len(server.of("talk")) == 2, "a button that was reached by keys is pressed"


def test_a_suggested_question_is_touched_and_another_is_typed(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    opened.page.get_by_role("button", name="几点开门？").click()
    server.wait(lambda: server.of("typed"))
    opened.page.get_by_role("textbox").fill("Is there a lift?")
    opened.page.get_by_role("button", name="发送").click()
    server.wait(lambda: len(server.of("typed")) == 2)
    assert server.of("typed") == [
        {"type": "typed", "text": "几点开门？", "language": "zh"},
        {"type": "typed", "text": "Is there a lift?", "language": "en"},
    ]


def test_sound_leaves_only_while_the_talk_button_is_held(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    begin(server, "push-to-talk")
    opened.until("state().microphone.mode === 'push-to-talk'")
    server.forget()
    box = opened.page.locator("#talk").bounding_box()
    assert box
    opened.page.mouse.move(box["x"] + 40, box["y"] + 30)
    opened.page.mouse.down()
    server.wait(lambda: len(server.sound) >= 25)
    assert opened.text("#talk-label") == "松开就好"
    opened.page.mouse.up()
    server.wait(lambda: len(server.of("talk")) == 2)
    sent = opened.state()["microphone"]
    opened.until(f"state().microphone.frames > {sent['frames'] + 10}")
    assert opened.state()["microphone"]["sent"] == sent["sent"]
    assert [said["on"] for said in server.of("talk")] == [True, False]


def test_the_keyboard_alone_is_enough(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    keyboard = opened.page.keyboard
    opened.page.focus("#language-button")
    keyboard.press("Tab")
    while opened.page.evaluate("document.activeElement.className") != "chip":
        keyboard.press("Tab")
    keyboard.press("Enter")
    server.wait(lambda: server.of("typed"))
    begin(server, "push-to-talk")
    opened.until("state().microphone.mode === 'push-to-talk'")
    opened.page.evaluate("document.activeElement.blur()")
    keyboard.down("Space")
    server.wait(lambda: server.of("talk"))
    keyboard.up("Space")
    assert opened.text("#talk-label") == "说完再点一下", "a short press latches"
    keyboard.press("Space")
    server.wait(lambda: len(server.of("talk")) == 2)


def test_the_hand_on_the_controls_is_told_to_the_server(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    begin(server)
    opened.page.click("#stop-button")
    opened.page.click("#talk")
    opened.until("state().microphone.muted")
    assert opened.text("#talk-label") == "麦克风已关"
    opened.page.click("#talk")
    opened.page.click("#mode-button")
    opened.page.click("#new-button")
    server.wait(lambda: server.of("new"))
    asked = [{name: said[name] for name in said if name != "type"} for said in server.of("control")]
    assert asked == [{"stop": True}, {"mute": True}, {"mute": False}, {"mode": "push-to-talk"}]


def test_the_page_speaks_the_visitor_s_language_or_the_one_that_was_chosen(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    language = "document.documentElement.lang"
    server.say("session_started", session="s1", language="zh", mode="hands-free")
    server.say("transcript", turn=1, text="Hello!", language="en", confidence=0.9, partial=False)
    opened.until("state().language === 'en'")
    assert (opened.page.evaluate(language), opened.text("#label")) == ("en", "AI-generated")
    assert opened.page.get_by_role("button", name="When do you open?").is_visible()
    opened.page.click("#language-button")
    server.wait(lambda: {"type": "control", "language": "zh"} in server.heard)
    server.say("transcript", turn=2, text="Thanks!", language="en", confidence=0.9, partial=False)
    opened.page.wait_for_selector(".visitor >> text=Thanks!")
    assert (opened.page.evaluate(language), opened.text("#label")) == ("zh-CN", "由AI生成")


def overlap(opened: Tab, *selectors: str) -> bool:
    """Whether two parts of the page cover each other."""
    one, two = (opened.page.locator(selector).bounding_box() for selector in selectors)
    assert one
    assert two
    across = one["x"] < two["x"] + two["width"] and two["x"] < one["x"] + one["width"]
    return across and one["y"] < two["y"] + two["height"] and two["y"] < one["y"] + one["height"]


SIZES = [(1920, 1080), (1080, 1920), (1280, 720), (390, 844), (844, 390)]


@pytest.mark.parametrize("size", SIZES, ids=[f"{wide}x{high}" for wide, high in SIZES])
def test_everything_is_in_sight_on_a_screen_of(page: tuple[Tab, FakeServer], size: tuple[int, int]) -> None:
    opened, server = page
    opened.page.set_viewport_size({"width": size[0], "height": size[1]})
    assert [name for name in ("#label", "#model", "#invitation", "#questions") if not opened.seen(name)] == []
    lines = "['#invitation .zh', '#invitation .en'].every((name) => (({ clientWidth: w, scrollWidth: s }) => s <= w)"
    assert opened.page.evaluate(f"{lines}(document.querySelector(name)))"), "nothing is cut"
    assert not overlap(opened, "#invitation", "#questions")
    begin(server)
    server.play(tone(9), text=TEXT * 3, words=WORDS)
    opened.until("state().caption.word === '周二'")
    shown = ("#label", "#model", "#captions", "#composer", "#talk", "#stop-button", "#new-button", "#chat")
    assert [name for name in shown if not opened.seen(name)] == []
    boxes = [button.bounding_box() for button in opened.page.get_by_role("button").all()]
    assert min(min(box["width"], box["height"]) for box in boxes if box) >= 44, "large enough for a finger"
    opened.page.set_viewport_size({"width": 1280, "height": 720})


def test_everybody_can_use_it(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    opened.accessible()
    begin(server)
    server.say("turn_ended", turn=1)
    opened.until("state().visit.phase === 'thinking'")
    opened.accessible()
    server.play(tone(8), text=TEXT, words=WORDS)
    opened.until("state().caption.word === '周二'")
    opened.accessible()
    server.say("refused", code="screen-often", text="too many", about="typed")
    opened.until("state().notices.length === 1")
    opened.accessible()


def test_little_moves_where_little_motion_is_wanted(page: tuple[Tab, FakeServer]) -> None:
    opened, server = page
    begin(server)
    server.say("turn_ended", turn=1)
    opened.until("state().visit.phase === 'thinking' && document.getAnimations().length === 3")
    opened.page.emulate_media(reduced_motion="reduce")
    opened.until("document.getAnimations().length === 0")
    opened.page.emulate_media(reduced_motion="no-preference")
