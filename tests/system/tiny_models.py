"""Checkpoints that a test makes in a second: a chat model that knows four answers, and a Whisper that knows none."""

import json
from itertools import chain, pairwise
from pathlib import Path

from stages.reply._rules import NOTES

ANSWERS = {
    "瓷器在哪里": "[happy]瓷器在二楼。[gesture:point]从**这里**上去，左转就到！",
    "Where is it?": "It is on the second floor, says Dr. Lee. Take 3.14 steps and turn left.",
    "请想一想": "<think>访客在问路。</think>\n\n想好了。在二楼。",
    NOTES["zh"]["go on"]: "从这里上去，左转就到！",
    "请说很久": "一楼是青铜厅。二楼是瓷器。三楼是丝绸。四楼是书画。楼后面有花园，一直通到河边。",
}
TEMPLATE = """{%- for message in messages -%}
{%- if message['role'] == 'system' and not loop.first -%}{{ raise_exception('system comes first') }}{%- endif -%}
{%- if message['role'] != 'system' and (message['role'] == 'user') != (loop.index0 % 2 == 1) -%}
{{ raise_exception('user and assistant take turns') }}{%- endif -%}
{%- if loop.last -%}{{ message['content'] }}{%- endif -%}
{%- endfor -%}"""
"""Strict like Mistral's and Gemma's about who speaks when; shows the model the last message only."""
_END, _UNKNOWN = "<|end|>", "<|unknown|>"
_SPECIAL = [_END, _UNKNOWN]


def chat_model(folder: Path) -> None:
    """A Llama whose weights are written, not trained: each token of an answer is followed by the next one.

    A question is one token, an answer a chain of tokens of its own. The embedding is the identity, attention and MLP
    add nothing, and the output layer holds which token follows which.
    """
    import torch  # type: ignore[import-not-found,unused-ignore]
    import transformers  # type: ignore[import-not-found,unused-ignore]
    from tokenizers import Tokenizer, decoders, models

    used = {*ANSWERS, *_SPECIAL}
    chains = [[asked, *_pieces(said, used), _END] for asked, said in ANSWERS.items()]
    vocabulary = {token: at for at, token in enumerate(dict.fromkeys(chain.from_iterable([_SPECIAL, *chains])))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=_UNKNOWN))
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens(_SPECIAL)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=_END, pad_token=_END, chat_template=TEMPLATE
    ).save_pretrained(folder)
    size = -len(vocabulary) % 8 + len(vocabulary)
    config = transformers.LlamaConfig(
        vocab_size=size, hidden_size=size, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2,
        eos_token_id=0, pad_token_id=0, bos_token_id=None, tie_word_embeddings=False,
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config)
    follows = torch.zeros(size, size)
    for tokens in chains:
        for one, following in pairwise(tokens):
            follows[vocabulary[following], vocabulary[one]] = 1.0
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(torch.eye(size))
        model.model.layers[0].self_attn.o_proj.weight.zero_()
        model.model.layers[0].mlp.down_proj.weight.zero_()
        model.lm_head.weight.copy_(follows)
    model.save_pretrained(folder)


def _pieces(text: str, used: set[str]) -> list[str]:
    """Tokens, each unlike all others: a token has one successor."""
    pieces: list[str] = []
    start = 0
    for end in range(1, len(text) + 1):
        if (end - start > 1 or end == len(text)) and text[start:end] not in used:
            pieces.append(text[start:end])
            used.add(text[start:end])
            start = end
    assert start == len(text), "the end of an answer is a token of another"
    return pieces


def whisper_model(folder: Path) -> None:
    """A Whisper of random weights: what it writes means nothing, but it is written by the real code."""
    import torch  # type: ignore[import-not-found,unused-ignore]
    import transformers  # type: ignore[import-not-found,unused-ignore]
    from tokenizers import pre_tokenizers

    torch.manual_seed(1)
    vocabulary = {token: at for at, token in enumerate([*_SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    folder.mkdir(exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    files = [str(folder / name) for name in ("vocab.json", "merges.txt")]
    named = dict.fromkeys(("unk_token", "bos_token", "eos_token", "pad_token"), _END)
    tokenizer = transformers.WhisperTokenizerFast(*files, **named)
    transformers.WhisperProcessor(transformers.WhisperFeatureExtractor(), tokenizer).save_pretrained(folder)
    config = transformers.WhisperConfig(
        vocab_size=len(vocabulary), d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64, num_mel_bins=80, pad_token_id=0,
        bos_token_id=0, eos_token_id=0, decoder_start_token_id=1, suppress_tokens=[], begin_suppress_tokens=[],
    )  # fmt: skip
    model = transformers.WhisperForConditionalGeneration(config)
    model.generation_config.update(max_new_tokens=12, forced_decoder_ids=None, suppress_tokens=None)
    model.save_pretrained(folder)
