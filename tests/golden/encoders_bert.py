"""The tiny encoders with learned or bucketed positions: what each folder's config.json says."""

import transformers as hf
from encoder_configurations import GONE, LONG, NO_DROPOUT, Configuration, sizes


def bert():
    return [
        Configuration(
            "bert_two_types",
            hf.BertModel,
            hf.BertConfig(**sizes(32, 2, 2, max_position_embeddings=40), **NO_DROPOUT),
            type_ids=True,
            gradients=True,
            variations={"gelu_new": {"hidden_act": "gelu_new"}},
        ),
        Configuration(
            "bert_classifier",
            hf.BertForSequenceClassification,
            hf.BertConfig(
                **sizes(24, 3, 1, max_position_embeddings=40, layer_norm_eps=1e-2), hidden_act="relu", num_labels=3
            ),
            literal_pad=True,
        ),
    ]


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


def xlm_roberta():
    config = sizes(24, 2, 2, max_position_embeddings=40, pad_token_id=1, type_vocab_size=1, layer_norm_eps=1e-5)
    return [
        Configuration(
            "xlm_roberta_classifier",
            hf.XLMRobertaForSequenceClassification,
            hf.XLMRobertaConfig(**config, num_labels=1, **NO_DROPOUT),
            older={"position_embedding_type": "absolute", "output_past": True, "dtype": GONE},
            literal_pad=True,
            gradients=True,
        )
    ]


def camembert():
    config = sizes(24, 2, 1, max_position_embeddings=40, type_vocab_size=1, layer_norm_eps=1e-5)
    return [
        Configuration(
            "camembert_small",
            hf.CamembertForSequenceClassification,
            hf.CamembertConfig(**config, **NO_DROPOUT),
            literal_pad=True,
            gradients=True,
        )
    ]


def distilbert():
    config = {"vocab_size": 67, "n_layers": 2, "hidden_dim": 40, "max_position_embeddings": 40}
    no_dropout = {"dropout": 0.0, "attention_dropout": 0.0}
    return [
        Configuration(
            "distilbert_base",
            hf.DistilBertModel,
            hf.DistilBertConfig(**config, dim=32, n_heads=2, **no_dropout),
            gradients=True,
            variations={
                "gelu_new": {"activation": "gelu_new"},
                "other_key": {"activation": "relu", "hidden_act": "gelu_new"},
            },
        ),
        Configuration(
            "distilbert_classifier",
            hf.DistilBertForSequenceClassification,
            hf.DistilBertConfig(**config, dim=24, n_heads=2, activation="relu", num_labels=3),
            older={"tie_weights_": True, "sinusoidal_pos_embds": True},
        ),
    ]


def electra():
    return [
        Configuration(
            "electra_projected",
            hf.ElectraForPreTraining,
            hf.ElectraConfig(**sizes(32, 2, 2, max_position_embeddings=40), embedding_size=16, **NO_DROPOUT),
            type_ids=True,
            gradients=True,
            variations={"gelu_new": {"hidden_act": "gelu_new"}},
        ),
        Configuration(
            "electra_classifier",
            hf.ElectraForSequenceClassification,
            hf.ElectraConfig(
                **sizes(24, 2, 2, max_position_embeddings=40), embedding_size=24, hidden_act="relu", layer_norm_eps=1e-2
            ),
            old_names=True,
        ),
    ]


def albert():
    return [
        Configuration(
            "albert_shared",
            hf.AlbertModel,
            hf.AlbertConfig(**sizes(32, 2, 3, max_position_embeddings=40), embedding_size=16),
            type_ids=True,
            gradients=True,
            variations={"gelu": {"hidden_act": "gelu"}, "six_layers": {"num_hidden_layers": 6}},
        ),
        Configuration(
            "albert_groups",
            hf.AlbertForSequenceClassification,
            hf.AlbertConfig(
                **sizes(24, 2, 5, max_position_embeddings=40),
                embedding_size=24,
                num_hidden_groups=2,
                inner_group_num=2,
                hidden_act="relu",
                layer_norm_eps=1e-2,
                num_labels=3,
            ),
        ),
    ]


def deberta_v2():
    third = {
        "relative_attention": True,
        "position_buckets": 8,
        "max_position_embeddings": 24,
        "pos_att_type": "p2c|c2p",
        "share_att_key": True,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": False,
    }
    second = {
        "relative_attention": True,
        "position_buckets": 16,
        "max_position_embeddings": 64,
        "pos_att_type": ["c2p", "p2c"],
        "type_vocab_size": 2,
        "conv_kernel_size": 3,
        "conv_act": "gelu",
        "embedding_size": 16,
        "layer_norm_eps": 1e-2,
    }
    return [
        Configuration(
            "deberta_v3",
            hf.DebertaV2Model,
            hf.DebertaV2Config(**sizes(32, 2, 2, **third), **NO_DROPOUT),
            (1, 2, 7, 12, 7, 70),
            gradients=True,
            variations={
                "c2p": {"pos_att_type": ["c2p"]},
                "p2c": {"pos_att_type": ["p2c"]},
                "no_norm": {"norm_rel_ebd": GONE},
                "no_buckets": {"position_buckets": -1, "max_position_embeddings": 8},
                "max_relative": {"max_relative_positions": 16},
            },
        ),
        Configuration(
            "deberta_v2_conv",
            hf.DebertaV2ForSequenceClassification,
            hf.DebertaV2Config(**sizes(24, 2, 2, **second), num_labels=3),
            (1, 2, 7, 12, 7, 60),
            type_ids=True,
            variations={"tanh": {"conv_act": GONE}, "pooler_relu": {"pooler_hidden_act": "relu"}},
        ),
        Configuration(
            "deberta_v2_defaults",
            hf.DebertaV2Model,
            hf.DebertaV2Config(**sizes(24, 2, 1, max_position_embeddings=40)),
        ),
    ]
