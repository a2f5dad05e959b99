"""The tiny encoders with rotary positions, and T5: what each folder's config.json says."""

import transformers as hf
from encoder_configurations import GONE, LONG, Configuration, gated


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


def qwen2():
    ids = {"pad_token_id": 3, "bos_token_id": 0, "eos_token_id": 2}
    return [
        Configuration(
            "qwen2_classifier",
            hf.Qwen2ForSequenceClassification,
            hf.Qwen2Config(
                **gated(32, 2, 2, **ids),
                num_key_value_heads=1,
                use_sliding_window=True,
                sliding_window=5,
                max_window_layers=1,
                rope_parameters={"rope_type": "default", "rope_theta": 1000.0},
                num_labels=1,
            ),
            older={"layer_types": GONE, "rope_parameters": GONE, "rope_theta": 1000.0},
            literal_pad=True,
            gradients=True,
            variations={"not_causal": {"is_causal": False}, "window_unused": {"use_sliding_window": False}},
        )
    ]


def gemma3_text():
    theta = {
        "full_attention": {"rope_type": "default", "rope_theta": 1000.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 30.0},
    }
    old_theta = {"rope_parameters": GONE, "rope_theta": 1000.0, "rope_local_base_freq": 30.0}
    scaling = {"rope_type": "linear", "factor": 8.0}
    return [
        Configuration(
            "gemma3_bidirectional",
            hf.Gemma3TextModel,
            hf.Gemma3TextConfig(
                **gated(24, 3, 3),
                num_key_value_heads=1,
                head_dim=12,
                query_pre_attn_scalar=36,
                sliding_window=8,
                layer_types=["sliding_attention", "sliding_attention", "full_attention"],
                use_bidirectional_attention=True,
            ),
            gradients=True,
            norm_centre=0.0,
            variations={
                "odd_window": {"sliding_window": 7},
                "causal": {"use_bidirectional_attention": False},
                "every_sixth": {"layer_types": GONE},
            },
        ),
        Configuration(
            "gemma3_old",
            hf.Gemma3TextModel,
            hf.Gemma3TextConfig(
                **gated(24, 4, 4),
                num_key_value_heads=2,
                head_dim=16,
                query_pre_attn_scalar=16,
                sliding_window=5,
                sliding_window_pattern=2,
                attention_bias=True,
                rms_norm_eps=1e-2,
                rope_parameters=theta,
            ),
            LONG,
            older={**old_theta, "layer_types": GONE, "sliding_window_pattern": 2, "torch_dtype": "float32"},
            norm_centre=0.0,
            variations={
                "every_sixth": {"sliding_window_pattern": GONE},
                "linear": {"rope_scaling": scaling},
                "default_thetas": {"rope_theta": GONE, "rope_local_base_freq": GONE},
            },
        ),
        Configuration(
            "gemma3_classifier",
            hf.Gemma3TextForSequenceClassification,
            hf.Gemma3TextConfig(
                **gated(24, 2, 2, pad_token_id=3), num_key_value_heads=1, head_dim=12, sliding_window=8, num_labels=3
            ),
            literal_pad=True,
            norm_centre=0.0,
        ),
    ]


def t5():
    config = {"vocab_size": 67, "d_ff": 32, "num_layers": 2}
    return [
        Configuration(
            "t5_relu",
            hf.T5EncoderModel,
            hf.T5Config(**config, d_model=32, num_heads=2, d_kv=12, dropout_rate=0.0),
            LONG,
            gradients=True,
            spread=0.15,
            variations={
                "gelu": {"feed_forward_proj": "gelu", "dense_act_fn": GONE},
                "dense_act_fn": {"dense_act_fn": "gelu"},
            },
        ),
        Configuration(
            "t5_gated",
            hf.T5ForConditionalGeneration,
            hf.T5Config(
                **config,
                num_decoder_layers=1,
                d_model=24,
                num_heads=2,
                d_kv=16,
                feed_forward_proj="gated-gelu",
                relative_attention_num_buckets=8,
                relative_attention_max_distance=20,
                layer_norm_epsilon=1e-2,
            ),
            spread=0.15,
            variations={
                "gated_silu": {"feed_forward_proj": "gated-silu", "dense_act_fn": GONE},
                "distance": {"relative_attention_max_distance": 100},
                "keys_gone": {"dense_act_fn": GONE, "is_gated_act": GONE, "relative_attention_max_distance": GONE},
            },
        ),
    ]


def llama():
    scaling = {
        "rope_type": "llama3",
        "factor": 32.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    return [
        Configuration(
            "llama_bidirectional",
            hf.LlamaModel,
            hf.LlamaConfig(
                **gated(24, 3, 2),
                num_key_value_heads=1,
                head_dim=12,
                attention_bias=True,
                mlp_bias=True,
                is_causal=False,
                rope_parameters={**scaling, "rope_theta": 500.0},
            ),
            older={"rope_parameters": GONE, "rope_theta": 500.0, "rope_scaling": scaling},
            gradients=True,
            variations={"causal": {"is_causal": GONE}, "plain": {"rope_scaling": None}},
        ),
        Configuration(
            "llama_classifier",
            hf.LlamaForSequenceClassification,
            hf.LlamaConfig(**gated(24, 2, 1), num_key_value_heads=1, pad_token_id=3, num_labels=3),
            literal_pad=True,
        ),
    ]


def mistral():
    return [
        Configuration(
            "mistral_window",
            hf.MistralModel,
            hf.MistralConfig(**gated(24, 2, 2), num_key_value_heads=1, sliding_window=6),
            gradients=True,
            variations={"not_causal": {"is_causal": False}, "no_window": {"sliding_window": None}},
        ),
        Configuration(
            "mistral_classifier",
            hf.MistralForSequenceClassification,
            hf.MistralConfig(
                **gated(24, 2, 1), num_key_value_heads=1, sliding_window=6, pad_token_id=3, num_labels=1
            ),
            literal_pad=True,
        ),
    ]
