"""The tiny encoders of BERT's kind with gated feed-forward networks, and EuroBERT: what each folder's config.json says."""

import remote_code
import transformers as hf
from encoder_configurations import GONE, LONG, NO_DROPOUT, Configuration, gated


def rope(theta, **more):
    return {"rope_type": "default", "rope_theta": theta, **more}


def nomic_bert():
    return [
        Configuration(
            "nomic_base",
            hf.NomicBertModel,
            hf.NomicBertConfig(**gated(32, 2, 2), **NO_DROPOUT),
            LONG,
            type_ids=True,
            gradients=True,
            variations={"gelu": {"hidden_act": "gelu"}, "theta_50": {"rope_parameters": rope(50.0)}},
        ),
        Configuration(
            "nomic_classifier",
            hf.NomicBertForSequenceClassification,
            hf.NomicBertConfig(
                **gated(24, 3, 2), layer_norm_eps=1e-2, rope_parameters=rope(500.0), num_labels=3, type_vocab_size=1
            ),
        ),
    ]


def gte():
    return [
        Configuration(
            "gte_base",
            hf.GteModel,
            hf.GteConfig(**gated(32, 2, 2), type_vocab_size=0, **NO_DROPOUT),
            LONG,
            gradients=True,
            variations={"silu": {"hidden_act": "silu"}, "theta_50": {"rope_parameters": rope(50.0)}},
        ),
        Configuration(
            "gte_classifier",
            hf.GteForSequenceClassification,
            hf.GteConfig(
                **gated(24, 3, 2),
                layer_norm_eps=1e-2,
                type_vocab_size=2,
                rope_parameters={"rope_type": "linear", "factor": 1.07, "rope_theta": 500.0},
                num_labels=1,
            ),
            type_ids=True,
        ),
    ]


def new():
    """Alibaba's own files, which transformers does not read: remote_code.py has the reference."""
    ntk = lambda factor: {"type": "ntk", "factor": factor}
    return [
        Configuration(
            "new_packed",
            remote_code.NewModel,
            hf.GteConfig(**gated(32, 2, 2), new_keys={"rope_theta": 200.0, "rope_scaling": ntk(8.0)}, packed=True),
            LONG,
            base=remote_code.NewModel,
            variations={"ntk_2": {"rope_scaling": ntk(2.0)}, "unscaled": {"rope_scaling": None}},
        ),
        Configuration(
            "new_separate",
            remote_code.NewModel,
            hf.GteConfig(
                **gated(24, 3, 2), layer_norm_eps=1e-2, type_vocab_size=2, new_keys={"rope_theta": 500.0}, packed=False
            ),
            type_ids=True,
            base=remote_code.NewModel,
        ),
        Configuration(
            "new_classifier",
            remote_code.NewForSequenceClassification,
            hf.GteConfig(
                **gated(24, 3, 2), new_keys={"rope_theta": 200.0, "rope_scaling": ntk(2.0)}, packed=True, num_labels=1
            ),
            base=remote_code.NewModel,
        ),
    ]


def eurobert():
    ids = {"pad_token_id": 3, "bos_token_id": 0, "eos_token_id": 2}
    return [
        Configuration(
            "eurobert_grouped",
            hf.EuroBertModel,
            hf.EuroBertConfig(
                **gated(32, 4, 2, **ids), num_key_value_heads=2, head_dim=8, rope_parameters=rope(250000.0)
            ),
            LONG,
            gradients=True,
            variations={
                "theta_500": {"rope_parameters": GONE, "rope_theta": 500.0},
                "no_theta": {"rope_parameters": GONE},
            },
        ),
        Configuration(
            "eurobert_classifier",
            hf.EuroBertForSequenceClassification,
            hf.EuroBertConfig(
                **gated(24, 3, 2, **ids),
                num_key_value_heads=1,
                attention_bias=True,
                mlp_bias=True,
                rms_norm_eps=1e-2,
                hidden_act="gelu",
                rope_parameters=rope(500.0),
                num_labels=3,
            ),
            variations={"bos": {"classifier_pooling": "bos"}, "mean": {"classifier_pooling": "mean"}},
        ),
    ]


def jina_bert():
    """Remote code as well; config.json calls it "bert"."""
    jina = {"position_embedding_type": "alibi", "feed_forward_type": "geglu", "max_position_embeddings": 160}
    return [
        Configuration(
            "jina_geglu",
            remote_code.JinaBertModel,
            hf.BertConfig(**gated(32, 8, 2, **jina)),
            LONG,
            type_ids=True,
            gradients=True,
            base=remote_code.JinaBertModel,
            variations={"reglu": {"feed_forward_type": "reglu"}},
        ),
        Configuration(
            "jina_post_norm",
            remote_code.JinaBertPostNormModel,
            hf.BertConfig(**gated(36, 6, 2, **jina), layer_norm_eps=1e-2),
            LONG,
            gradients=True,
            base=remote_code.JinaBertPostNormModel,
            variations={"reglu": {"feed_forward_type": "reglu"}},
        ),
        Configuration(
            "jina_classifier",
            remote_code.JinaBertForSequenceClassification,
            hf.BertConfig(**gated(24, 3, 2, **jina), num_labels=3),
            type_ids=True,
            base=remote_code.JinaBertModel,
        ),
    ]
