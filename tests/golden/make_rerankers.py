#!/usr/bin/env python3
"""Golden scores of tiny rerankers that are language models: python make_rerankers.py (needs no model; see README.md)."""

import json
import pathlib
import shutil
import tempfile

from golden_models import VERSIONS, write_json  # isort: skip; sets what transformers reads when it is imported

import numpy as np
import torch
import transformers as hf
from make_cross import ACTIVATIONS, PAIRS
from make_tiny_encoders import trained
from safetensors.numpy import save_file
from sentence_transformers import CrossEncoder
from tiny_folders import randomise

HERE = pathlib.Path(__file__).resolve().parent
FOLDERS = ("tiny_reranker", "tiny_reranker_bare", "tiny_reranker_classifier")
# The same with other language models, bare.
FAMILIES = {
    "qwen2": (hf.Qwen2Config, hf.Qwen2ForCausalLM),
    "llama": (hf.LlamaConfig, hf.LlamaForCausalLM),
    "mistral": (hf.MistralConfig, hf.MistralForCausalLM),
}
BY_ROLE = 'messages | selectattr("role", "eq", "{}") | map(attribute="content") | first'
# The form of Qwen's own template for its rerankers.
TEMPLATE = (
    "{%- set instruction = " + BY_ROLE.format("system") + ' | default("Find passages that answer the query") -%}\n'
    "{%- set query_text = " + BY_ROLE.format("query") + " -%}\n"
    "{%- set document_text = " + BY_ROLE.format("document") + " -%}\n"
    '<|im_start|>system\nJudge it: "yes" or "no".<|im_end|>\n'
    "<|im_start|>user\n<Instruct>: {{ instruction }}\n<Query>: {{ query_text }}\n"
    "<Document>: {{ document_text }}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n\n"
)
# The same in other hands: what trims, and what does not.
TEMPLATES = {
    "message": "question:{{ (messages | selectattr('role', '==', 'query') | first).content }}\n \n"
    "passage:{{ (messages | selectattr('role', 'equalto', 'document') | list | first).content }}",
    "spaces": "  {# a comment #}\n  {% set a = " + BY_ROLE.format("query") + " | trim %}\n"
    "\tq: {{ a }}  {{- ' |\\n' -}}  \n x {%+ set b = 'y\\t\\'z\\'' %}\n\n"
    "{{ b }}{% set d = " + BY_ROLE.format("document") + " %} d: {{ d | default('none') }}\r\n"
    "  {%- set a = a -%}\n  end {#- two -#}  \n\n",
    "no_system": "{{ " + BY_ROLE.format("system") + " }}|{{ " + BY_ROLE.format("query") + " }}|{{ "
    + BY_ROLE.format("document") + " }}",
}
STRUCTURED = (
    '<Query>: {{ (messages | selectattr("role", "eq", "query") | first).content[0].text }}\n'
    '<Document>: {{ (messages | selectattr("role", "eq", "document") | first).content[0].text }}\n'
)
MORE_PAIRS = [
    ("<|im_end|> the dog", "a <|im_start|>user\nthe sun"),
    ("the dog", "the sun is good " * 30),
    ("the weather in the sun " * 20, "\n a cat \n"),
]


def make_tokenizer(template):
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    vocab, merges = trained(hf.Qwen2Tokenizer().backend_tokenizer.pre_tokenizer, specials, 330)
    for merge in (("y", "e"), ("ye", "s"), ("n", "o")):
        if "".join(merge) not in vocab:
            vocab["".join(merge)] = len(vocab)
            merges.append(merge)
    tokenizer = hf.Qwen2Tokenizer(
        vocab=vocab, merges=merges, model_max_length=256, padding_side="left", eos_token="<|im_end|>"
    )
    tokenizer.chat_template = template
    return tokenizer


def make_config(tokenizer, kind=hf.Qwen3Config, **more):
    sizes = {"hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}
    return kind(
        vocab_size=len(tokenizer),
        **sizes | more,
        intermediate_size=24,
        max_position_embeddings=256,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )


def make_folders():
    for name in FOLDERS:
        shutil.rmtree(HERE / name, ignore_errors=True)
    tokenizer = make_tokenizer(TEMPLATE)
    with tempfile.TemporaryDirectory() as folder:
        config = make_config(tokenizer, num_hidden_layers=2, tie_word_embeddings=True)
        randomise(hf.Qwen3ForCausalLM(config), 31, 0.3).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        model = CrossEncoder(folder, device="cpu", prompts={"query": "Answer the question"})
        model.save_pretrained(str(HERE / "tiny_reranker"))
        (HERE / "tiny_reranker" / "README.md").unlink()
    plain = make_tokenizer(None)
    config = make_config(plain, num_hidden_layers=1, tie_word_embeddings=False)
    randomise(hf.Qwen3ForCausalLM(config), 32, 0.3).save_pretrained(HERE / "tiny_reranker_bare")
    plain.save_pretrained(HERE / "tiny_reranker_bare")
    with tempfile.TemporaryDirectory() as folder:
        config = make_config(tokenizer, num_hidden_layers=1, num_labels=1)
        randomise(hf.Qwen3ForSequenceClassification(config), 33, 0.3).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        CrossEncoder(folder, device="cpu").save_pretrained(str(HERE / "tiny_reranker_classifier"))
        (HERE / "tiny_reranker_classifier" / "README.md").unlink()
    for number, (name, (settings, kind)) in enumerate(FAMILIES.items()):
        folder = HERE / f"tiny_reranker_{name}"
        shutil.rmtree(folder, ignore_errors=True)
        sizes = {"hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8}
        config = make_config(plain, settings, num_hidden_layers=1, tie_word_embeddings=name == "qwen2", **sizes)
        randomise(kind(config), 34 + number, 0.3).save_pretrained(folder)
        plain.save_pretrained(folder)


def read(path):
    return json.loads((HERE / path).read_text())


def reranker_cases():
    """Each: folder, files to write over it (a string as it is, null deletes), how to load it, how to predict."""
    cases = []

    def add(name, folder="tiny_reranker", files=None, load=None, **options):
        cases.append({"name": name, "folder": folder, "files": files or {}, "load": load or {}, "options": options})

    for folder in FOLDERS:
        add(f"{folder}.default", folder)
        add(f"{folder}.identity", folder, activation="identity")
        add(f"{folder}.prompt", folder, prompt="Is it about the sun?", activation="identity")
        for length in (256, 130, 64, 12):
            add(f"{folder}.max_length.{length}", folder, load={"max_length": length}, activation="identity")
    for name in FAMILIES:
        add(f"{name}.default", f"tiny_reranker_{name}")
        add(f"{name}.max_length", f"tiny_reranker_{name}", load={"max_length": 64}, activation="identity")
    add("prompt_name", prompt_name="query", activation="identity")
    add("one_token", files={"1_LogitScore/config.json": {"true_token_id": 40, "false_token_id": None}})
    other = {"true_token_id": 17, "false_token_id": 60, "module_input_name": "causal_logits"}
    add("other_tokens", files={"1_LogitScore/config.json": other}, activation="identity")
    add("bare_with_template", files={"modules.json": None}, activation="identity")
    settings = read("tiny_reranker/sentence_bert_config.json")
    plain = {key: value for key, value in settings.items() if key not in ("modality_config", "module_output_name")}
    add("plain_pairs", files={"sentence_bert_config.json": plain}, activation="identity")
    add("plain_prompt", files={"sentence_bert_config.json": plain}, prompt="x: ", activation="identity")
    old = {**read("tiny_reranker/tokenizer_config.json"), "chat_template": TEMPLATES["message"]}
    add("template_in_settings", files={"chat_template.jinja": None, "tokenizer_config.json": old})
    add("template_file_wins", files={"tokenizer_config.json": old})
    for name, template in TEMPLATES.items():
        add(f"template.{name}", files={"chat_template.jinja": template}, activation="identity")
    add("template.no_system.prompt", files={"chat_template.jinja": TEMPLATES["no_system"]}, prompt="a sun")
    structured = json.loads(json.dumps(settings))
    structured["modality_config"]["message"]["format"] = "structured"
    files = {"chat_template.jinja": STRUCTURED, "sentence_bert_config.json": structured}
    add("template.structured", files=files, activation="identity")
    add("template.structured.inferred", files={"chat_template.jinja": STRUCTURED, "modules.json": None})
    return cases


def load(case):
    options = dict(case["load"])
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(HERE / case["folder"], copy, dirs_exist_ok=True)
        for name, content in case["files"].items():
            path = pathlib.Path(copy) / name
            path.unlink(missing_ok=True)
            if isinstance(content, str):
                path.write_text(content, newline="")
            elif content is not None:
                write_json(path, content)
        return CrossEncoder(copy, device="cpu", **options)


def main():
    torch.set_num_threads(1)
    hf.logging.disable_progress_bar()
    make_folders()
    # A pair of nothing has no tokens without a template, and Python no score for it.
    pairs = [pair for pair in PAIRS if pair != ("", "")] + MORE_PAIRS
    cases, arrays = reranker_cases(), {}
    for case in cases:
        model, options = load(case), dict(case["options"])
        if "activation" in options:
            options["activation_fn"] = ACTIVATIONS[options.pop("activation")]
        if case["folder"] == "tiny_reranker" and not case["load"] and "prompt" not in options:
            case["tokens"] = [model.preprocess([pair])["input_ids"][0].tolist() for pair in pairs[:3]]
        found = model.predict(pairs, batch_size=1, **options)
        assert np.isfinite(found).all(), case
        arrays[case["name"]] = np.ascontiguousarray(found)
    assert len(arrays) == len(cases)
    save_file(arrays, HERE / "rerankers.safetensors")
    write_json(HERE / "rerankers.json", {"versions": VERSIONS, "pairs": pairs, "cases": cases})
    print(f"rerankers.json: {len(cases)} cases")


if __name__ == "__main__":
    main()
