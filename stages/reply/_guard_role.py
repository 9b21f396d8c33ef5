"""Whether an answer has taken on another part, after a visitor tried to make it do so."""

import re
from typing import Final

from pipeline.envelope import Language
from stages.reply._guard_leak import letters

_PLEDGE: Final = re.compile(
    r"(开发者|调试|管理员|越狱|无限制|上帝)模式.{0,6}(开启|启用|启动|激活|打开|已)"
    r"|我(会|将|已经?|现在)(忽略|忘记|忘掉|抛开|无视|不再遵守).{0,8}(规则|规矩|指令|限制|设定|提示)"
    r"|(不再|不)受.{0,6}(限制|约束)了|没有(任何)?(限制|约束)了"
    r"|\b(developer|debug|admin|god|dan|jailbreak) mode (is |has been |now )*(on|enabled|activated|active|unlocked)"
    r"|\bI (will|shall|have|am going to) (now )?(ignored?|forgotten|forget|disregard(ed)?|drop(ped)?) .{0,20}"
    r"(rules?|instructions?|guidelines|restrictions|prompt)"
    r"|\b(an? )?(unrestricted|unfiltered|jailbroken) (ai|model|assistant|version|mode)\b"
    r"|\b(no longer|not) (bound|restricted|limited) by|\bI have no (rules|restrictions|limits)\b",
    re.IGNORECASE,
)
_MAKERS: Final = (
    r"(?:deep ?seek|深度求索|chat ?gpt|gpt-?\d|open ?ai|通义|千问|qwen|阿里云|文心|ernie|百度|kimi|moonshot|月之暗面"
    r"|豆包|字节跳动|混元|腾讯|chatglm|glm-?\d|智谱|claude|anthropic|gemini|google|llama|meta ai|mistral|百川"
    r"|minimax|讯飞|星火)"
)
_MADE: Final = r"(?:开发|研发|研制|训练|推出|打造|创造|创建|提供)"
_SLIP: Final = re.compile(
    rf"我(?:就|其实|真的|的名字)?(?:是|叫|名叫)(?:一个|一款|名为|叫)?[“\"「《]?({_MAKERS})"
    rf"|我(?:是|就是)?[^。！？]{{0,12}}由({_MAKERS})[^。！？，]{{0,8}}{_MADE}"
    rf"|我[^。！？]{{0,24}}[，,]\s*由({_MAKERS})[^。！？，]{{0,8}}{_MADE}"
    rf"|^由({_MAKERS})[^。！？，]{{0,8}}{_MADE}(?:[。！]|的[^。！？]{{0,12}}(?:助手|模型|AI|人工智能))"
    rf"|\b(?:I am|I['’]m|my name is|I was|I have been)(?: (?:an?|the|called|named|actually|really))*"
    rf"(?: [\w-]+){{0,5}}? (?:(?:developed|created|trained|made|built|designed) by )({_MAKERS})"
    rf"|\b(?:I am|I['’]m|my name is)(?: (?:an?|the|called|named|actually|really))* [“\"]?({_MAKERS})\b",
    re.IGNORECASE,
)
"""A model that says whose it is."""
_CROWN: Final = re.compile(r"(?<![“\"‘「称])(?:朕|寡人|哀家|本宫)")
"""Nobody else speaks so of themselves."""
_I_AM: Final[dict[Language, re.Pattern[str]]] = {
    "zh": re.compile(
        r"我(?:现在|已经|就|从现在起|从此|可|正|真正|其实|，|,)*(?:是|叫|变成了?|扮演|化身为?)[“\"「]?"
        r"(?!不|没|无|说|想|来|在|按|为|负责|专门|这|只|真的|很|会|能|可|要|有|指|因|由|您|你|谁|什么|个)"
        r"(?:一[个名位只台条])?([\w·]{2,12})"
    ),
    "en": re.compile(
        r"\bI(?:'m| am|’m)(?: now| officially| really| actually)* (?:called |named )?"
        r"[\"“]?(?:an? |the )?([A-Za-z][\w'-]*)",
        re.IGNORECASE,
    ),
}
_HARMLESS: Final = frozenset(
    re.findall(
        r"\w+",
        "sorry afraid not unable here happy glad only just still always able going sure designed meant built made your "
        "proud pleased free open ready program programmed assistant digital host guide in at on from with by for so "
        "very quite delighted told asked listening certain aware available no that it what who this how ai artificial "
        "computer robot machine chatbot virtual language voice museum",
    )
)
_HONEST: Final = ("ai", "人工智能", "智能", "助手", "机器人", "程序", "数字", "虚拟", "语音", "计算机", "电脑")
"""How a persona may call itself that does not say so."""


def names_its_maker(text: str, persona: str) -> bool:
    """Whether the speaker says that it is some company's model, which the persona does not name."""
    known = letters(persona)
    return any(letters(next(filter(None, found.groups()))) not in known for found in _SLIP.finditer(text))


def other_part(text: str, persona: str, language: Language) -> bool:
    """Whether a sentence says that its speaker is someone whom the persona does not name, or keeps no rules any more.

    It is asked only where the visitor's words were suspicious: "I am a pirate" may be a quotation elsewhere.
    """
    if _PLEDGE.search(text):
        return True
    crown = _CROWN.search(text)
    if crown and crown[0] not in persona:
        return True
    known, words = letters(persona), set(re.findall(r"[a-z]+", persona.lower()))
    for claim in _I_AM[language].finditer(text):
        who = letters(claim[1].removesuffix("'s"))
        if language == "zh" and who.startswith(_HONEST):
            continue
        pairs = [who[at : at + 2] for at in range(max(1, min(len(who) - 1, 4)))]
        if language == "zh" and not who[:1].isascii():
            if not any(pair in known for pair in pairs):
                return True
        elif who not in words and who not in _HARMLESS and not who.endswith(("ed", "ing", "ly")):
            return True
    return False
