"""A GGUF file that a test makes in a second: a Llama whose weights are written, not trained, and who knows two answers.

Read by llama.cpp, which shares nothing with what reads `tiny_models`. Each character is a token, as far as GB 2312
goes, so that prompts are about as long as real models count them.
"""

from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

Thoughts = Literal["marked", "unmarked"]
"""Whether the server finds out that the template opens a thought, and sends it as `reasoning_content`."""
BEGIN, END, USER, ASSISTANT = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"
ANSWER, REST = "瓷器在二楼。", "从这里上去，左转就到！"
THOUGHT = "访客问路"
CHAINS = (["</think>", *ANSWER, *REST, END], ["<think>", *THOUGHT, "</think>"])
"""Which token follows which. No token stands twice: each has one successor."""
_VARIABLE = {
    "marked": "enable_thinking is not defined or enable_thinking",
    "unmarked": "thinking is defined and thinking",
}
"""How a template learns whether to think: Qwen3's way, which llama.cpp knows, and DeepSeek-V3.1's."""
_THOUGHT_KEPT = {
    "marked": "('<think>' + message['reasoning_content'] if message['reasoning_content'] else '') + ",
    "unmarked": "",
}
_TEMPLATE = """{{{{- '<｜begin▁of▁sentence｜>' -}}}}
{{%- for message in messages -%}}
{{%- if message['role'] == 'system' -%}}{{{{- message['content'] -}}}}
{{%- elif message['role'] == 'user' -%}}{{{{- '<｜User｜>' + message['content'] -}}}}
{{%- else -%}}
{{{{- '<｜Assistant｜>' + {kept}'</think>' + message['content'] + '<｜end▁of▁sentence｜>' -}}}}
{{%- endif -%}}
{{%- endfor -%}}
{{%- if add_generation_prompt -%}}
{{{{- '<｜Assistant｜>' + ('<think>' if {variable} else '</think>') -}}}}
{{%- endif -%}}"""
"""What DeepSeek-V3.1's does: the template itself opens the thought, or closes one that was not."""
_WIDTH, _HEADS, _CONTEXT = 64, 2, 16384
_LOUD = 6.0


def write(path: Path, thoughts: Thoughts = "marked") -> None:
    """The model's file, 1.4 MB.

    A token of a chain has a dimension of the embedding for itself, all others share the last one; attention and MLP add
    nothing, and the output layer holds which token follows which: after all others, the end.
    """
    import gguf  # type: ignore[import-not-found,unused-ignore]

    tokens, kinds = _vocabulary()
    ids = {token: at for at, token in reversed(list(enumerate(tokens)))}
    shape: dict[str, Any] = {"dtype": np.float32}
    embedding, output = np.zeros((len(tokens), _WIDTH), **shape), np.zeros((len(tokens), _WIDTH), **shape)
    own = {token: at for at, token in enumerate(dict.fromkeys(chain.from_iterable(CHAINS)))}
    embedding[:, -1] = 1.0
    for token, at in own.items():
        embedding[ids[token]] = np.eye(_WIDTH, **shape)[at]
    for one, following in chain.from_iterable(map(pairwise, CHAINS)):
        output[ids[following], own[one]] = _LOUD
    output[ids[END], -1] = _LOUD
    writer = gguf.GGUFWriter(path, "llama")
    _describe(writer)
    _tokenizer(writer, tokens, kinds, ids)
    writer.add_chat_template(_TEMPLATE.format(kept=_THOUGHT_KEPT[thoughts], variable=_VARIABLE[thoughts]))
    writer.add_tensor("token_embd.weight", embedding.astype(np.float16))
    writer.add_tensor("output.weight", output.astype(np.float16))
    writer.add_tensor("output_norm.weight", np.ones(_WIDTH, **shape))
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{name}.weight", np.ones(_WIDTH, **shape))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros((_WIDTH, _WIDTH), **shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary() -> tuple[list[str], list[int]]:
    """Tokens, and their kinds as SentencePiece has them."""
    control, plain, byte, special = 3, 1, 6, 4
    known = "".join(
        bytes((high, low)).decode("gb2312", "ignore") for high in range(0xA1, 0xD8) for low in range(0xA1, 0xFF)
    )
    ascii_signs = (chr(at) for at in range(0x21, 0x7F))
    signs = dict.fromkeys(["▁", *ascii_signs, *known])
    listed = [
        ("<unk>", 2), *((token, control) for token in (BEGIN, END, USER, ASSISTANT)),
        *((token, special) for token in ("<think>", "</think>")),
        *((f"<0x{at:02X}>", byte) for at in range(256)), *((sign, plain) for sign in signs),
    ]  # fmt: skip
    return [token for token, _ in listed], [kind for _, kind in listed]


def _describe(writer: Any) -> None:
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_WIDTH)
    writer.add_head_count(_HEADS)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_layer_norm_rms_eps(1e-6)


def _tokenizer(writer: Any, tokens: list[str], kinds: list[int], ids: dict[str, int]) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(ids[BEGIN])
    writer.add_eos_token_id(ids[END])
    writer.add_add_bos_token(False)  # noqa: FBT003  the template has it
    writer.add_add_space_prefix(False)  # noqa: FBT003
