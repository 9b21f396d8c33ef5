"""Text as the tokens that retrieval counts: words in English, characters and their pairs in Chinese."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

_STOP = """
a an the is are was were be been being am do does did doing have has had having i me my mine we us our you your yours he
him his she her it its they them their this that these those of to in on at by for from with about as into and or but if
so then there here please can could may might will would shall should must hello hi hey excuse sorry thanks thank tell
know want like need get got give let just also some any very really much well now ok okay s t m re ve ll d don't able
somewhere anywhere
请问 一下 我想 想要 想问 问问 知道 告诉 可不可以 能不能 可以 能否 麻烦 你好 您好 我们 你们 您们 这里 这儿 那个 这个
请 吗 呢 啊 吧 呀 嘛 哦 哈 嗯 呃 的 地 得 了 着 过 我 你 您 他 她 它 们 是 有 在 也 都 就 还 要 想 会 能 把 给 和 跟
与 及 那 这 个 说 讲 到底 好吗 一张 一个
"""
_ASKING = """
what where when who which how why whose many long far
什么 怎么 怎样 如何 哪里 哪儿 在哪 多少 几点 几 哪 谁 为什么 多 何 多久
"""
_DOING = """
buy sell rent borrow find see look show take bring use go come open close work call leave help make play stay start end
买 卖 借 租 找 看 用 开 关 去 来 带 做 坐 放 玩 走 进 出
"""
_TOKEN = re.compile(r"[a-z0-9]+(?:[.'’][a-z0-9]+)*|[\u3400-\u9fff]")
STOP, ASKING, DOING = 0.06, 0.4, 0.8
"""Weights of a word that says nothing of the topic, of one that tells the kind of question, and of a common verb."""


def tokens(text: str) -> list[str]:
    """Stemmed English words and numbers; single ideographs, and each pair of neighbours as one more token."""
    found = _TOKEN.findall(unicodedata.normalize("NFKC", text).lower().replace("’", "'"))
    units = [unit if _is_ideograph(unit) else _stem(unit) for unit in found]
    pairs = [a + b for a, b in pairwise(units) if _is_ideograph(a) and _is_ideograph(b)]
    return units + pairs


@lru_cache(maxsize=65536)
def weight(token: str) -> float:
    """How much a token says by itself, before its rarity is known: 0..1."""
    if token in _LIGHT:
        return _LIGHT[token]
    if not _is_ideograph(token):
        return 1.0
    parts = [_LIGHT.get(part, 1.0) for part in token]
    return 0.35 * parts[0] if len(token) == 1 else min(1.0, max(STOP, sum(parts) / 2))


def trigrams(word: str) -> dict[str, None]:
    """Of a word with its two ends marked: what a misheard word still shares with the right one. In their order."""
    marked = f"^{word}$"
    return dict.fromkeys(marked[at : at + 3] for at in range(len(marked) - 2))


def _is_ideograph(token: str) -> bool:
    return token[0] >= "\u3400"


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    """Plural, -ing, -ed and -ly off, as a plain S-stemmer does (Harman 1991): both sides lose the same letters."""
    word = word.removesuffix("'s")
    if len(word) <= 3 or not word.isalpha():
        return word
    for ending, into in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("ly", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + into
            break
    else:
        word = word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


_LIGHT = {
    _stem(word): light for light, words in ((DOING, _DOING), (STOP, _STOP), (ASKING, _ASKING)) for word in words.split()
}
