"""What make_encoders.py is told of each tiny encoder; the tables are encoders_bert.py, encoders_gated.py and
encoders_rope.py."""

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
    base: type = None  # that reads the folder's encoder, where it is not AutoModel
    older: dict = dataclasses.field(default_factory=dict)  # keys of config.json as older files spell them
    old_names: bool = False  # gamma, beta and position_ids among the tensors
    type_ids: bool = False
    literal_pad: bool = False  # the pad token stands inside two texts
    gradients: bool = False
    spread: float = 0.3  # of the matrices
    norm_centre: float = 1.0
    variations: dict = dataclasses.field(default_factory=dict)  # the same weights under another config.json


def sizes(hidden, heads, layers, **more):
    values = {"hidden_size": hidden, "num_attention_heads": heads, "num_hidden_layers": layers, "vocab_size": 67}
    return {**values, "intermediate_size": 40, **more}


def gated(hidden, heads, layers, **more):
    return sizes(hidden, heads, layers, intermediate_size=24, **more)
