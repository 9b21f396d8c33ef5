"""The network: Whisper's architecture, small, and the phoneme head that only training needs."""

import copy

from torch import Tensor, nn
from torch.nn import functional
from transformers import WhisperConfig, WhisperForConditionalGeneration

from training.demo_model.tokens import Tokens

WIDTH = 128
ENCODER_LAYERS, DECODER_LAYERS, HEADS = 3, 2, 4
PHONEMES = 200
"""Room for espeak's phoneme names in both languages; class 0 is silence and everything else."""
_DROPOUT = 0.05


def settings(tokens: Tokens) -> WhisperConfig:
    """Of a Whisper that hears up to 30 s, as faster-whisper always gives."""
    return WhisperConfig(
        vocab_size=tokens.size,
        num_mel_bins=80,
        d_model=WIDTH,
        encoder_layers=ENCODER_LAYERS,
        decoder_layers=DECODER_LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=3 * WIDTH,
        decoder_ffn_dim=3 * WIDTH,
        max_source_positions=1500,
        max_target_positions=448,
        pad_token_id=tokens.end,
        bos_token_id=tokens.end,
        eos_token_id=tokens.end,
        decoder_start_token_id=tokens.start,
        dropout=_DROPOUT,
        suppress_tokens=None,
        begin_suppress_tokens=None,
        attn_implementation="eager",
    )


class Network(nn.Module):  # type: ignore[misc, unused-ignore]  # torch is not there where this is checked
    """Whisper with a head that names the phoneme of every encoder position."""

    def __init__(self, config: WhisperConfig) -> None:
        super().__init__()
        self.whisper = WhisperForConditionalGeneration._from_config(config, attn_implementation="eager")  # noqa: SLF001  there is no public way to choose the attention of a fresh model
        # The decoder must show its attention (guided below); the encoder need not and is faster so.
        plain = copy.deepcopy(config)
        plain._attn_implementation = "sdpa"  # noqa: SLF001  as above
        for layer in self.whisper.model.encoder.layers:
            layer.self_attn.config = plain
        self.phonemes = nn.Linear(WIDTH, PHONEMES)

    def encode(self, mel: Tensor) -> Tensor:
        """`[batch, 80, frames]` -> `[batch, frames / 2, width]`: WhisperEncoder.forward for any even length."""
        encoder = self.whisper.model.encoder
        hidden = functional.gelu(encoder.conv2(functional.gelu(encoder.conv1(mel)))).permute(0, 2, 1)
        hidden = hidden + encoder.embed_positions.weight[: hidden.shape[1]]
        hidden = functional.dropout(hidden, _DROPOUT, self.training)
        for layer in encoder.layers:
            hidden = layer(hidden, None)
            hidden = hidden[0] if isinstance(hidden, tuple) else hidden
        encoded: Tensor = encoder.layer_norm(hidden)
        return encoded

    def forward(self, mel: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Token logits `[batch, tokens, vocabulary]`, phoneme logits, and each layer's cross-attention."""
        encoded = self.encode(mel)
        decoded = self.whisper.model.decoder(input_ids=tokens, encoder_hidden_states=encoded, output_attentions=True)
        logits = self.whisper.proj_out(decoded.last_hidden_state)
        return logits, self.phonemes(encoded), list(decoded.cross_attentions)
