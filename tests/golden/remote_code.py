"""Plain PyTorch of encoders whose code is not in transformers but beside their published weights.

Written from the published definitions, for tiny models: jinaai/jina-bert-implementation and jinaai/jina-bert-v2-qk-post-norm
(modeling_bert.py), and Alibaba-NLP/new-impl (modeling.py), of which only the frequencies differ from transformers' own GTE.
The heads of both are BERT's: a dense layer and tanh over the first token, then the classifier.
"""

import json
import math
import pathlib
import tempfile

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import BertConfig, GteConfig, GteForSequenceClassification, GteModel, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput


def alibi_slopes(heads):
    """Of a power of two 2^(-8/n) to its powers; else those of the power below, then every other one of the power above."""
    if heads & (heads - 1) == 0:
        first = 2.0 ** (-8.0 / heads)
        return [first ** (i + 1) for i in range(heads)]
    below = 1 << (heads.bit_length() - 1)
    return alibi_slopes(below) + alibi_slopes(2 * below)[0::2][: heads - below]


def linear(inputs, outputs, bias=True):
    return nn.Linear(inputs, outputs, bias=bias)


class Part(nn.Module):
    """A module whose children are given by name, so that tensors get the published names."""

    def __init__(self, **children):
        super().__init__()
        for name, child in children.items():
            self.add_module(name, child)


class JinaLayer(nn.Module):
    norms_queries = False

    def __init__(self, config):
        super().__init__()
        size, inner = config.hidden_size, config.intermediate_size
        norm = lambda: nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.heads, self.activation = config.num_attention_heads, config.feed_forward_type
        projections = {name: linear(size, size) for name in ("query", "key", "value")}
        if self.norms_queries:
            projections.update(layer_norm_q=norm(), layer_norm_k=norm())
            self.layer_norm_1, self.layer_norm_2 = norm(), norm()
            self.mlp = Part(up_gated_layer=linear(size, 2 * inner, False), down_layer=linear(inner, size))
        else:
            self.mlp = Part(gated_layers=linear(size, 2 * inner, False), wo=linear(inner, size), layernorm=norm())
        self.attention = Part(output=Part(dense=linear(size, size), LayerNorm=norm()))
        self.attention.add_module("self", Part(**projections))

    def attend(self, x, bias):
        own = getattr(self.attention, "self")
        q, k, v = own.query(x), own.key(x), own.value(x)
        if self.norms_queries:
            q, k = own.layer_norm_q(q), own.layer_norm_k(k)
        split = lambda t: t.view(*t.shape[:2], self.heads, -1).transpose(1, 2)
        q, k, v = split(q), split(k), split(v)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + bias
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
        return self.attention.output.LayerNorm(self.attention.output.dense(mixed) + x)

    def forward(self, x, bias):
        gate = nn.functional.gelu if self.activation == "geglu" else nn.functional.relu
        y = self.attend(x, bias)
        if self.norms_queries:
            y = self.layer_norm_1(x + y)
            up, gated = self.mlp.up_gated_layer(y).chunk(2, -1)
            return self.layer_norm_2(y + self.mlp.down_layer(up * gate(gated)))
        gated, up = self.mlp.gated_layers(y).chunk(2, -1)
        return self.mlp.layernorm(y + self.mlp.wo(gate(gated) * up))


class JinaPostNormLayer(JinaLayer):
    norms_queries = True


class JinaBertModel(PreTrainedModel):
    config_class = BertConfig
    base_model_prefix = "bert"
    layer_class = JinaLayer

    def __init__(self, config, pools=False):
        super().__init__(config)
        size = config.hidden_size
        if pools:
            self.pooler = Part(dense=linear(size, size))
        self.embeddings = Part(
            word_embeddings=nn.Embedding(config.vocab_size, size, padding_idx=config.pad_token_id),
            token_type_embeddings=nn.Embedding(config.type_vocab_size, size),
            LayerNorm=nn.LayerNorm(size, eps=config.layer_norm_eps),
        )
        self.encoder = Part(layer=nn.ModuleList(self.layer_class(config) for _ in range(config.num_hidden_layers)))
        self.post_init()

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, output_hidden_states=False):
        if token_type_ids is None:
            token_type_ids = torch.zeros_like(input_ids)
        x = self.embeddings.word_embeddings(input_ids) + self.embeddings.token_type_embeddings(token_type_ids)
        states = [self.embeddings.LayerNorm(x)]
        places = torch.arange(input_ids.shape[1])
        distances = (places[:, None] - places[None, :]).abs()
        slopes = torch.tensor(alibi_slopes(self.config.num_attention_heads))
        for layer in self.encoder.layer:
            states.append(layer(states[-1], -slopes[:, None, None] * distances))
        return BaseModelOutput(states[-1], tuple(states) if output_hidden_states else None)


class JinaBertPostNormModel(JinaBertModel):
    layer_class = JinaPostNormLayer


class JinaBertForSequenceClassification(PreTrainedModel):
    config_class = BertConfig
    base_model_prefix = "bert"

    def __init__(self, config):
        super().__init__(config)
        self.bert = JinaBertModel(config, pools=True)
        self.classifier = linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, input_ids, attention_mask=None, token_type_ids=None):
        first = self.bert(input_ids, attention_mask, token_type_ids)[0][:, 0]
        return SequenceClassifierOutput(logits=self.classifier(self.bert.pooler.dense(first).tanh()))


class NewFolder:
    """GTE in Alibaba's files. The frequencies of rope type "ntk" are of a theta `factor` times as large, divided by
    factor^(2/d). `new_keys` and `packed` of the configuration say how the config.json to save differs."""

    @classmethod
    def from_pretrained(cls, folder, **options):
        native, folder = cls.__mro__[2], pathlib.Path(folder)
        prefix = "" if native is GteModel else "gte."
        config = json.loads((folder / "config.json").read_text())
        theta, scaling = config.pop("rope_theta"), config.pop("rope_scaling", None)
        config.update(model_type="gte", rope_parameters={"rope_type": "default", "rope_theta": theta})
        stored = load_file(folder / "model.safetensors")
        tensors = {prefix + n.removeprefix("new.") if n.startswith("new.") else n: t for n, t in stored.items()}
        for name in [name for name in tensors if ".attention.q_proj." in name]:
            parts = [tensors.pop(name.replace("q_proj", part)) for part in ("q_proj", "k_proj", "v_proj")]
            tensors[name.replace("q_proj", "qkv_proj")] = torch.cat(parts)
        with tempfile.TemporaryDirectory() as copy:
            (pathlib.Path(copy) / "config.json").write_text(json.dumps(config))
            save_file(tensors, pathlib.Path(copy) / "model.safetensors", metadata={"format": "pt"})
            model, report = native.from_pretrained(copy, **options)
        if scaling:
            size = config["hidden_size"] // config["num_attention_heads"]
            factor, powers = scaling["factor"], torch.arange(0, size, 2) / size
            model.base_model.rotary_emb.inv_freq = (theta * factor) ** -powers / factor ** (2 / size)
        return model, report


    def save_pretrained(self, folder, **options):
        folder, config = pathlib.Path(folder), self.config
        native = type(self).__mro__[2](config)
        native.load_state_dict(self.state_dict())
        native.save_pretrained(folder)
        content = json.loads((folder / "config.json").read_text())
        for key in ("rope_parameters", "new_keys", "packed"):
            content.pop(key)
        content.update(config.new_keys, model_type="new", architectures=[type(self).__name__], pack_qkv=config.packed)
        (folder / "config.json").write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
        tensors = {}
        for name, tensor in load_file(folder / "model.safetensors").items():
            if not name.startswith("classifier."):
                name = "new." + name.removeprefix("gte.")
            if config.packed or ".qkv_proj." not in name:
                tensors[name] = tensor
                continue
            for part, rows in zip("qkv", tensor.chunk(3)):
                tensors[name.replace("qkv_proj", f"{part}_proj")] = rows.clone()
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


class NewModel(NewFolder, GteModel):
    pass


class NewForSequenceClassification(NewFolder, GteForSequenceClassification):
    pass
