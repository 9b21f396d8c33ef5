"""How servers differ, as data: a few lines each. What all of them share is the OpenAI chat API.

Everybody's reasoning is understood wherever it comes (`reasoning_content`, `reasoning`, `<think>` in the content), and
both names of cached tokens: none of that is a dialect's matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Name = Literal["deepseek", "vllm", "sglang", "mindie", "llamacpp", "ollama", "openai",
               "maas", "bailian", "qianfan", "ark", "tencent", "siliconflow"]  # fmt: skip
Prefix = Literal["", "message", "final", "last", "field"]
"""How an answer is gone on with: `message` marks the assistant's last message, `final` says so in the request, `last`
does it by itself where that message is the assistant's, `field` takes the text in a field. '': it is told to."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server wants to be told."""

    source: str
    """The page of its documentation."""
    base_url: str = ""
    """Of a cloud."""
    on: Mapping[str, Any] = field(default_factory=dict)
    """Fields of a request that switches thinking on; empty: no request can."""
    off: Mapping[str, Any] = field(default_factory=dict)
    prefix: Prefix = ""
    prefix_base: str = ""
    """Where only another address of the same host goes on with an answer."""


def _type(kind: str) -> dict[str, Any]:
    return {"thinking": {"type": kind}}


def _template(*names: str, on: bool) -> dict[str, Any]:
    """Variables of the chat template: DeepSeek's is called `thinking`, Qwen's `enable_thinking`; others are ignored."""
    return {"chat_template_kwargs": dict.fromkeys(names, on)}


_BOTH: Final = ("thinking", "enable_thinking")
DIALECTS: Final[Mapping[Name, Dialect]] = {
    "deepseek": Dialect(
        "api-docs.deepseek.com: Thinking Mode; Chat Prefix Completion (Beta)",
        "https://api.deepseek.com/v1", _type("enabled"), _type("disabled"),
        "message", "https://api.deepseek.com/beta",
    ),
    "vllm": Dialect(
        "docs.vllm.ai: Reasoning Outputs; DeepSeek-V3.1 recipe; OpenAI-Compatible Server (extra parameters)",
        "", _template(*_BOTH, on=True), _template(*_BOTH, on=False), "final",
    ),
    "sglang": Dialect(
        "docs.sglang.io: Reasoning Parser; OpenAI APIs - Completions (continue_final_message)",
        "", _template(*_BOTH, on=True), _template(*_BOTH, on=False), "final",
    ),
    "mindie": Dialect(
        "MindIE Service guide: OpenAI chat interface (chat_template_kwargs)",
        "", _template(*_BOTH, on=True), _template(*_BOTH, on=False),
    ),
    "llamacpp": Dialect(
        "llama.cpp: tools/server README (chat_template_kwargs; --prefill-assistant, on by default)",
        "", _template(*_BOTH, on=True), _template(*_BOTH, on=False), "last",
    ),
    "ollama": Dialect(
        "docs.ollama.com: OpenAI compatibility (reasoning_effort)",
        "http://localhost:11434/v1", {"reasoning_effort": "medium"}, {"reasoning_effort": "none"},
    ),
    "openai": Dialect("platform.openai.com: Chat Completions"),
    "maas": Dialect(
        "support.huaweicloud.com: ModelArts Studio (MaaS), Chat/POST (chat_template_kwargs)",
        "https://api.modelarts-maas.com/v1", _template(*_BOTH, on=True), _template(*_BOTH, on=False),
    ),
    "bailian": Dialect(
        "help.aliyun.com: Model Studio, DeepSeek; deep thinking (enable_thinking)",
        "https://dashscope.aliyuncs.com/compatible-mode/v1", {"enable_thinking": True}, {"enable_thinking": False},
    ),
    "qianfan": Dialect(
        "cloud.baidu.com: Qianfan, deep thinking (thinking.type for DeepSeek)",
        "https://qianfan.baidubce.com/v2", _type("enabled"), _type("disabled"),
    ),
    "ark": Dialect(
        "volcengine.com: Ark, Chat API (thinking.type)",
        "https://ark.cn-beijing.volces.com/api/v3", _type("enabled"), _type("disabled"),
    ),
    "tencent": Dialect(
        "cloud.tencent.com: LKEAP DeepSeek OpenAI interface; TokenHub, deep thinking (thinking.type)",
        "https://api.lkeap.cloud.tencent.com/v1", _type("enabled"), _type("disabled"),
    ),
    "siliconflow": Dialect(
        "docs.siliconflow.cn: Chat Completions (enable_thinking); Prefix Completion",
        "https://api.siliconflow.cn/v1", {"enable_thinking": True}, {"enable_thinking": False}, "field",
    ),
}  # fmt: skip
