"""Golden folders of models that begin with words, static vectors or a Router: python make_first_modules.py (see README.md).

PhraseTokenizer needs nltk 3.10.4.
"""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from golden_models import VERSIONS, write_json
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Router, Transformer
from sentence_transformers.sentence_transformer.modules import (
    CNN,
    LSTM,
    BoW,
    Normalize,
    Pooling,
    StaticEmbedding,
    WeightedLayerPooling,
    WordEmbeddings,
    WordWeights,
)
from sentence_transformers.sentence_transformer.modules.tokenizer import (
    PhraseTokenizer,
    TransformersTokenizerWrapper,
    WhitespaceTokenizer,
)
from tokenizers import Tokenizer
from transformers import AutoTokenizer

HERE = Path(__file__).parent
TARGET = HERE / "first_modules"
TEXTS = [
    "The dog is good.",
    "a Woman, who \u201cRuns\u201d",
    "",
    "dog dog (dog) the New York sun's New York City!",
    "\u039c\u0395\u0393\u0391\u03a3 \u0130stanbul\u2003caf\u00e9\x1fCat nobody-knows-this",
    "new york, NEW YORK CITY... I cannot say; it isn't 'fine' -- gonna run",
]
VOCAB = (
    "PADDING_TOKEN the dog is good a woman who runs sun cat new york city New_York new_york_city New_York_City "
    "\u03bc\u03b5\u03b3\u03b1\u03c2 i\u0307stanbul caf\u00e9 New York dog Woman i can not say it n't 's gon na run fine ` -- ... is"
).split()
STOP_WORDS = ["a", "the", "who", ",", "."]
WEIGHTS = {"dog": 2.5, "woman": 0.25, "sun": 3, "new_york": 1.5, "unrelated": 9}


def table(rows, size):
    return torch.randn(rows, size)


def words(tokenizer, size=8, update=True, zero_padding=False, **options):
    weights = table(len(VOCAB), size)
    if zero_padding:
        weights[0] = 0
    return WordEmbeddings(tokenizer, weights, update_embeddings=update, **options)


def whitespace(lower=False):
    return WhitespaceTokenizer(VOCAB, STOP_WORDS, lower)


def static(size, truncation=None):
    tokenizer = Tokenizer.from_file(str(HERE / "tiny_bert" / "tokenizer.json"))
    if truncation:
        tokenizer.enable_truncation(truncation)
    else:
        tokenizer.no_truncation()
    return StaticEmbedding(tokenizer, embedding_weights=table(tokenizer.get_vocab_size(), size))


def weighted_layers():
    pooling = WeightedLayerPooling(32, num_hidden_layers=2, layer_start=1)
    pooling.layer_weights = torch.nn.Parameter(torch.tensor([0.3, 1.7]))
    return pooling


def models():
    """name -> modules; "task:" names the tasks that it is encoded for."""
    bert = str(HERE / "tiny_bert")
    layered = Transformer(bert, config_kwargs={"output_hidden_states": True})
    wrapper = TransformersTokenizerWrapper(AutoTokenizer.from_pretrained(bert))
    yield "static", [static(8, truncation=5)]
    yield "weights", [words(whitespace()), WordWeights(VOCAB, WEIGHTS, 0.5), Pooling(8, ["mean", "mean_sqrt_len_tokens", "weightedmean"])]
    yield "phrases", [words(PhraseTokenizer(VOCAB, STOP_WORDS), update=False, zero_padding=True), CNN(8, 6, [1, 3, 7]), Pooling(18, "mean")]
    yield "lstm", [words(whitespace(lower=True), max_seq_length=4), LSTM(8, 5, num_layers=2), Pooling(10, "mean")]
    yield "lstm_one_way", [words(whitespace()), LSTM(8, 5, bidirectional=False), Pooling(5, ["lasttoken", "mean"])]
    yield "wrapped", [WordEmbeddings(wrapper, table(len(wrapper.tokenizer), 8), max_seq_length=7), Pooling(8, "mean"), Normalize()]
    yield "bow", [BoW(VOCAB, WEIGHTS, unknown_word_weight=0.5), Dense(len(set(VOCAB)), 6)]
    yield "bow_once", [BoW(VOCAB, WEIGHTS, cumulative_term_frequency=False)]
    yield "layers", [layered, weighted_layers(), Pooling(32, "mean")]
    yield "router", [Router.for_query_document([static(32)], [Transformer(bert), Pooling(32, "mean")]), Normalize()]
    shared = static(16)
    mappings = {("query", "text"): "short", ("document", None): "long", (None, ("text", "image")): "long"}
    routes = {"short": [shared, Dense(16, 8)], "long": [shared, Dense(16, 8)]}
    yield "mapped", [Router(routes, allow_empty_key=False, route_mappings=mappings)]
    yield "asym", [static(16), Router({"query": [Dense(16, 8)], "doc": [Dense(16, 8)]})]


TASKS = {"router": ["query", "document", None], "mapped": ["query", "document"], "asym": ["query", "doc", None]}


def call(model, texts, task):
    features = model.preprocess(texts, task=task) if task else model.preprocess(texts)
    return model(features, task=task) if task else model(features)


def embed(model, task):
    options = {"task": task} if task else {}
    return torch.stack([torch.as_tensor(model.encode(text, batch_size=1, **options)) for text in TEXTS])


def gradients(model, task, weights):
    model.zero_grad()
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    embeddings = call(model, TEXTS, task)["sentence_embedding"]
    if embeddings.requires_grad:  # words alone are not trained unless they say so
        (embeddings * weights).sum().backward()
    model.eval()
    return {name: p.grad.contiguous() for name, p in model.named_parameters() if p.grad is not None}


def old_asym(folder):
    """As sentence-transformers before 5 wrote it: Asym in config.json."""
    path = folder / "1_Router"
    config = json.loads((path / "router_config.json").read_text())
    config["types"] = {key: "sentence_transformers.models.Dense.Dense" for key in config["types"]}
    config["parameters"] = {"allow_empty_key": True}
    (path / "router_config.json").unlink()
    (path / "config.json").write_text(json.dumps(config, indent=1))
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["type"] = "sentence_transformers.models.Asym"
    (folder / "modules.json").write_text(json.dumps(modules, indent=1))


def without_tiny_bert(folder):
    """The test puts tiny_bert's files where config.json of a BERT says so."""
    for config in sorted(folder.rglob("config.json")):
        if json.loads(config.read_text()).get("model_type") != "bert":
            continue
        for name in ("model.safetensors", "tokenizer.json", "tokenizer_config.json"):
            (config.parent / name).unlink()


def model2vec(folder):
    """What model2vec saves: rows that tokens share, and weights of tokens."""
    folder.mkdir()
    shutil.copy(TARGET / "static" / "tokenizer.json", folder)
    shutil.copy(TARGET / "static" / "modules.json", folder)
    count = load_file(TARGET / "static" / "model.safetensors")["embedding.weight"].shape[0]
    tensors = {
        "embeddings": table(40, 8).half(),
        "mapping": torch.randint(0, 40, (count,)),
        "weights": torch.rand(count, dtype=torch.float64),
    }
    save_file(tensors, folder / "model.safetensors")


def main():
    torch.manual_seed(5)
    shutil.rmtree(TARGET, ignore_errors=True)
    results, cases = {}, []
    for name, modules in models():
        model = SentenceTransformer(modules=modules, device="cpu")
        folder = TARGET / name
        model.save_pretrained(str(folder), create_model_card=False)
        model = SentenceTransformer(str(folder), device="cpu")  # saving drops words that a list has twice
        for task in TASKS.get(name, [None]):
            key = f"{name}.{task or 'none'}"
            cases.append({"name": name, "task": task or "", "key": key})
            results[key] = embed(model, task).float()
            if name == "bow_once":
                continue
            weights = torch.randn(results[key].shape)
            results[f"{key}.weights"] = weights
            for parameter, gradient in gradients(model, task, weights).items():
                if "auto_model" not in parameter and ".model." not in parameter:
                    results[f"{key}.gradient.{parameter}"] = gradient
        if name == "asym":
            old_asym(folder)
        without_tiny_bert(folder)
    shutil.copytree(TARGET / "static", TARGET / "static_bin")
    torch.save(load_file(TARGET / "static" / "model.safetensors"), TARGET / "static_bin" / "pytorch_model.bin")
    (TARGET / "static_bin" / "model.safetensors").unlink()
    model2vec(TARGET / "model2vec")
    for name in ("static_bin", "model2vec"):
        cases.append({"name": name, "task": "", "key": name})
        results[name] = embed(SentenceTransformer(str(TARGET / name), device="cpu").float(), None)  # as it is computed here
    save_file({key: value.contiguous() for key, value in results.items()}, TARGET / "results.safetensors")
    write_json(TARGET / "cases.json", {"versions": VERSIONS, "texts": TEXTS, "cases": cases})
    from nltk import word_tokenize

    lines = [text for text in TEXTS] + TREEBANK
    write_json(TARGET / "treebank.json", [[line, word_tokenize(line, preserve_line=True)] for line in lines])


TREEBANK = [
    "Good muffins cost $3.88 (roughly 3,36 euros)\nin New York.  Please buy me\ntwo of them.\nThanks.",
    "They'll say \"it's 5:30\"; don't, he'd, I'm, we've, John's 'twas 'tis 'Twas",
    "``quoted'' \u00abtext\u00bb \u2018a\u2019 \u201eb\u201c and 'word' ('x') [\"y\"]",
    "wanna gimme lemme gonna gotta cannot d'ye more'n whatcha CANNOT Wanna go wanna",
    "a--b \u2012 c \u2014d ..end... of. it.\") ",
    "one:two, three :4 ,5 6: ::7, x\n",
    "ends with colon:",
    "ends with colon:\n",
    "'s 'll ' 're' rock 'n' roll",
    "a'' b' c '",
    "{x} <y> *z* a@b #c d% e&f !? it's. ok.'",
    "\u0663:\u0664 1,\u00b2 2,\u0663",
    "... . .. x..",
    "",
    "   ",
    "'\u017f word's\" \"",
    "A.B. Mr. Smith. \u201cYes.\u201d  ",
]


if __name__ == "__main__":
    main()
