"""The tiny encoders of make_encoders.py: what each folder's config.json says, and why there is more than one."""

import dataclasses

import transformers as hf

GONE = "gone"  # as a key's value: the key is taken out of config.json
SHORT = (1, 2, 7, 12, 7, 33)
LONG = (1, 7, 140, 12, 7, 33)  # beyond the last bucket and every window
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


@dataclasses.dataclass
class Configuration:
    name: str  # of the folder
    model: type  # the class that saves the folder
    config: hf.PreTrainedConfig
    lengths: tuple = SHORT
    older: dict = dataclasses.field(default_factory=dict)  # keys of config.json as older files spell them
    old_names: bool = False  # gamma, beta and position_ids among the tensors
    type_ids: bool = False
    literal_pad: bool = False  # the pad token stands inside two texts
    gradients: bool = False
    norm_centre: float = 1.0
    variations: dict = dataclasses.field(default_factory=dict)  # the same weights under another config.json


def sizes(hidden, heads, layers, **more):
    values = {"hidden_size": hidden, "num_attention_heads": heads, "num_hidden_layers": layers, "vocab_size": 67}
    return {**values, "intermediate_size": 40, **more}


def gated(hidden, heads, layers, **more):
    return sizes(hidden, heads, layers, intermediate_size=24, **more)


def roberta():
    first = sizes(32, 2, 2, max_position_embeddings=40, pad_token_id=1, type_vocab_size=1, layer_norm_eps=1e-5)
    second = sizes(36, 3, 2, max_position_embeddings=145, pad_token_id=4, type_vocab_size=2, layer_norm_eps=1e-2)
    third = sizes(24, 3, 1, max_position_embeddings=44, pad_token_id=0, type_vocab_size=2, hidden_act="relu")
    return [
        Configuration(
            "roberta_one_type",
            hf.RobertaModel,
            hf.RobertaConfig(**first, **NO_DROPOUT),
            literal_pad=True,
            gradients=True,
            variations={"gelu_new": {"hidden_act": "gelu_new"}, "relu": {"hidden_act": "relu"}},
        ),
        Configuration(
            "roberta_two_types",
            hf.RobertaForSequenceClassification,
            hf.RobertaConfig(**second, hidden_act="gelu_new", num_labels=3),
            LONG,
            type_ids=True,
            literal_pad=True,
        ),
        Configuration(
            "roberta_old",
            hf.RobertaForMaskedLM,
            hf.RobertaConfig(**third),
            older={"position_embedding_type": "absolute", "gradient_checkpointing": False, "dtype": GONE},
            old_names=True,
        ),
    ]


def mpnet():
    first = sizes(32, 2, 2, max_position_embeddings=144, layer_norm_eps=1e-5)
    second = sizes(36, 3, 2, max_position_embeddings=145, layer_norm_eps=1e-2)
    return [
        Configuration(
            "mpnet_long",
            hf.MPNetModel,
            hf.MPNetConfig(**first, **NO_DROPOUT),
            LONG,
            literal_pad=True,
            gradients=True,
            variations={"relu": {"hidden_act": "relu"}},
        ),
        Configuration(
            "mpnet_classifier",
            hf.MPNetForSequenceClassification,
            hf.MPNetConfig(**second, hidden_act="gelu_new", num_labels=1),
            LONG,
        ),
    ]


def modernbert():
    ids = {"pad_token_id": 0, "bos_token_id": 1, "cls_token_id": 1, "eos_token_id": 2, "sep_token_id": 2}
    local = {"layer_types": ["sliding_attention", "full_attention", "sliding_attention"], "local_attention": 6}
    theta = lambda full, sliding: {
        "full_attention": {"rope_type": "default", "rope_theta": full},
        "sliding_attention": {"rope_type": "default", "rope_theta": sliding},
    }
    old = {"layer_types": GONE, "rope_parameters": GONE, "dtype": GONE, "torch_dtype": "float32"}
    return [
        Configuration(
            "modernbert_old",
            hf.ModernBertModel,
            hf.ModernBertConfig(
                **gated(32, 2, 4, **ids), local_attention=8, rope_parameters=theta(80000.0, 100.0), norm_eps=1e-5
            ),
            LONG,
            # As the first published files: the pattern and two thetas, and a layer_norm_eps that nothing reads.
            older={
                **old,
                "global_attn_every_n_layers": 3,
                "global_rope_theta": 80000.0,
                "local_rope_theta": 100.0,
                "layer_norm_eps": 0.1,
                "position_embedding_type": "absolute",
            },
            variations={
                "every_two": {"global_attn_every_n_layers": 2},
                "default_thetas": {"global_rope_theta": GONE, "local_rope_theta": GONE},
                "sliding_window": {"sliding_window": 5},
                "rope_scaling": {"rope_scaling": {"rope_type": "linear", "factor": 4.0}},
            },
        ),
        Configuration(
            "modernbert_biases",
            hf.ModernBertForSequenceClassification,
            hf.ModernBertConfig(
                **gated(36, 3, 3, **ids),
                local_attention=7,
                global_attn_every_n_layers=2,
                rope_parameters=theta(500.0, 50.0),
                attention_bias=True,
                mlp_bias=True,
                norm_bias=True,
                classifier_bias=True,
                norm_eps=1e-2,
                hidden_activation="silu",
                classifier_pooling="mean",
                classifier_activation="silu",
                num_labels=3,
            ),
            variations={"cls": {"classifier_pooling": "cls", "classifier_activation": GONE}},
        ),
        Configuration(
            "modernbert_layer_types",
            hf.ModernBertModel,
            hf.ModernBertConfig(**gated(32, 2, 3, **ids), **local, rope_parameters=theta(160000.0, 160000.0)),
            gradients=True,
        ),
    ]


def qwen3():
    ids = {"pad_token_id": 3, "bos_token_id": 0, "eos_token_id": 2}
    rope = lambda theta: {"rope_type": "default", "rope_theta": theta}
    old = {"layer_types": GONE, "rope_parameters": GONE, "dtype": GONE, "torch_dtype": "float32", "rope_scaling": None}
    return [
        Configuration(
            "qwen3_grouped",
            hf.Qwen3Model,
            hf.Qwen3Config(
                **gated(32, 4, 2, **ids), num_key_value_heads=2, head_dim=16, rope_parameters=rope(1000000.0)
            ),
            LONG,
            gradients=True,
            variations={
                "not_causal": {"is_causal": False},
                "no_theta": {"rope_parameters": GONE},
                "theta_500": {"rope_parameters": GONE, "rope_theta": 500.0},
                "linear": {
                    "rope_parameters": GONE,
                    "rope_theta": 1000.0,
                    "rope_scaling": {"rope_type": "linear", "factor": 4.0},
                },
                "yarn": {
                    "rope_parameters": GONE,
                    "rope_theta": 1000.0,
                    "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
                },
            },
        ),
        Configuration(
            "qwen3_sliding",
            hf.Qwen3ForSequenceClassification,
            hf.Qwen3Config(
                **gated(40, 5, 3, **ids),
                num_key_value_heads=1,
                head_dim=12,
                attention_bias=True,
                use_sliding_window=True,
                sliding_window=6,
                max_window_layers=1,
                rms_norm_eps=1e-2,
                rope_parameters=rope(500.0),
                num_labels=2,
            ),
            literal_pad=True,
            older={**old, "rope_theta": 500.0},
            variations={
                "not_causal": {"is_causal": False},
                "window_unused": {"use_sliding_window": False},
                "layer_types": {"layer_types": ["sliding_attention", "full_attention", "full_attention"]},
            },
        ),
        Configuration(
            "qwen3_causal_lm",
            hf.Qwen3ForCausalLM,
            hf.Qwen3Config(
                **gated(24, 3, 1, **ids),
                num_key_value_heads=3,
                head_dim=8,
                tie_word_embeddings=True,
                rope_parameters=rope(10000.0),
            ),
        ),
    ]


def configurations():
    """Model type to its configurations."""
    return {"roberta": roberta(), "mpnet": mpnet(), "modernbert": modernbert(), "qwen3": qwen3()}
