"""Random models at the sizes that families are published in, for compare.py: families.py DIR NAME writes DIR/model,
a sentence-transformers folder with mean pooling, the weights of transformers' own initialisation and the tokenizer of
all-MiniLM-L6-v2, which stands in DIR/../model. Runs in compare.sh's DIR/st.
"""

import os
import pathlib
import sys
import tempfile

# Each: the class of its configuration, that of the model, and what differs from the configuration's defaults.
FAMILIES = {
    "bert-base": ("BertConfig", "BertModel", {}),
    "bert-large": (
        "BertConfig",
        "BertModel",
        {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    ),
    "roberta-base": ("RobertaConfig", "RobertaModel", {"max_position_embeddings": 514}),
    "mpnet-base": ("MPNetConfig", "MPNetModel", {"max_position_embeddings": 514}),
    "distilbert-base": ("DistilBertConfig", "DistilBertModel", {}),
    "electra-base": (
        "ElectraConfig",
        "ElectraModel",
        {"embedding_size": 768, "hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072},
    ),
    "albert-base": ("AlbertConfig", "AlbertModel", {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072}),
    "deberta-v3-base": (
        "DebertaV2Config",
        "DebertaV2Model",
        {
            "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
            "relative_attention": True, "position_buckets": 256, "norm_rel_ebd": "layer_norm", "share_att_key": True,
            "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0, "position_biased_input": False,
        },
    ),
    "modernbert-base": ("ModernBertConfig", "ModernBertModel", {"cls_token_id": 101, "sep_token_id": 102}),
    "nomic-bert": ("NomicBertConfig", "NomicBertModel", {}),
    "t5-base": ("T5Config", "T5EncoderModel", {"d_model": 768, "d_ff": 3072, "num_layers": 12, "num_heads": 12}),
    "qwen3-0.6b": (
        "Qwen3Config",
        "Qwen3Model",
        {
            "hidden_size": 1024, "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8,
            "head_dim": 128, "intermediate_size": 3072,
        },
    ),
    "gemma3-300m": (
        "Gemma3TextConfig",
        "Gemma3TextModel",
        {
            "hidden_size": 768, "num_hidden_layers": 24, "num_attention_heads": 3, "num_key_value_heads": 1,
            "head_dim": 256, "intermediate_size": 1152, "use_bidirectional_attention": True,
        },
    ),
}  # fmt: skip
# What the peers' exporters can read in compare.sh's DIR/ort.
EXPORTED = ("bert-base", "bert-large", "roberta-base", "mpnet-base", "distilbert-base", "electra-base", "albert-base")


def make(folder, name):
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    config_class, model_class, options = FAMILIES[name]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder.parent.parent / "model")
    ids = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    torch.manual_seed(0)
    model = getattr(transformers, model_class)(getattr(transformers, config_class)(**ids, **options))
    with tempfile.TemporaryDirectory() as plain:
        model.save_pretrained(plain)
        tokenizer.save_pretrained(plain)
        first = Transformer(plain, max_seq_length=256)
        size = first.get_embedding_dimension()
        whole = SentenceTransformer(modules=[first, Pooling(size, "mean"), Normalize()], device="cpu")
        whole.save_pretrained(str(folder / "model"))


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    where = pathlib.Path(sys.argv[1])
    where.mkdir(parents=True, exist_ok=True)
    make(where, sys.argv[2])
