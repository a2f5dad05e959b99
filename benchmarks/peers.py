"""Measures one peer for compare.py and prints lines of JSON, as `measure` does for the library.

peers.py DIR throughput PEER FILE:PASSES... [--out DIR] [--limit N] [--max-seq-length N]
peers.py DIR latency torch|onnx-session|onnx-int8-session FILE
peers.py DIR startup CLOCK
peers.py DIR memory FILE
peers.py DIR tokenize FILE...
peers.py DIR search python|faiss
peers.py DIR predict FILE FILE
peers.py DIR train FILE
peers.py DIR versions PACKAGE...

PEER: torch, torch-bf16 (in DIR/st); onnx, onnx-int8, openvino, openvino-int8, ct2, ct2-int8 (in DIR/ort).
Packages are imported where they are used, so that each process loads its peer alone.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import re
import statistics
import time
import warnings

warnings.filterwarnings("ignore")

BATCH_SIZE = 32
CORES = len(os.sched_getaffinity(0))


def emit(**row):
    print(json.dumps(row), flush=True)


def lines(path, limit=None):
    return pathlib.Path(path).read_text(encoding="utf8").splitlines()[:limit]


def memory_mb(name):
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+)", status).group(1)) * 1024 / 1e6


def timed(passes, work):
    times = []
    for _ in range(passes):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return times, result


def quantile(values, share):
    values = sorted(values)
    place = share * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (place - below) * (values[above] - values[below])


# --- encoders -----------------------------------------------------------------------------------


def sentence_transformer(folder, peer):
    from sentence_transformers import SentenceTransformer

    if peer == "torch":
        return SentenceTransformer(f"{folder}/model", device="cpu")
    if peer == "torch-bf16":
        import torch

        return SentenceTransformer(f"{folder}/model", device="cpu", model_kwargs={"dtype": torch.bfloat16})
    if peer.startswith("onnx"):
        file = "model_qint8_avx512_vnni" if peer == "onnx-int8" else "model"
        settings = {"file_name": f"onnx/{file}.onnx", "provider": "CPUExecutionProvider"}
        return SentenceTransformer(f"{folder}/onnx", backend="onnx", device="cpu", model_kwargs=settings)
    if peer == "openvino":
        return SentenceTransformer(f"{folder}/ov", backend="openvino", device="cpu")
    settings = {"file_name": "openvino/openvino_model_qint8_quantized.xml"}
    return SentenceTransformer(f"{folder}/ov", backend="openvino", device="cpu", model_kwargs=settings)


def ctranslate2_encoder(folder, peer, max_seq_length):
    """CTranslate2 has no pooling: texts sorted by length, batches of 32, mean and length 1 in NumPy."""
    import ctranslate2
    import numpy as np
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(f"{folder}/model/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_seq_length)
    encoder = ctranslate2.Encoder(
        f"{folder}/ct2",
        device="cpu",
        compute_type="int8" if peer == "ct2-int8" else "float32",
        inter_threads=1,
        intra_threads=CORES,
    )

    def encode(texts):
        ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]), reverse=True)
        embeddings = np.empty((len(ids), 384), np.float32)
        for start in range(0, len(order), BATCH_SIZE):
            batch = order[start : start + BATCH_SIZE]
            states = np.array(encoder.forward_batch([ids[i] for i in batch]).last_hidden_state)
            for row, i in enumerate(batch):
                mean = states[row, : len(ids[i])].mean(0)
                embeddings[i] = mean / np.linalg.norm(mean)
        return embeddings

    return encode


def throughput(folder, peer, files, options):
    import numpy as np

    if peer.startswith("ct2"):
        encode = ctranslate2_encoder(folder, peer, options.max_seq_length or 256)
    else:
        model = sentence_transformer(folder, peer)
        if options.max_seq_length:
            model.max_seq_length = options.max_seq_length

        def encode(texts):
            return model.encode(texts, batch_size=BATCH_SIZE)

    for word in files:
        file, passes = word.rsplit(":", 1)
        texts = lines(file, options.limit)
        encode(texts[:64])
        times, embeddings = timed(int(passes), lambda rows=texts: encode(rows))
        name = pathlib.Path(file).stem
        if options.out:
            np.save(f"{options.out}/{name}.{peer}.npy", np.asarray(embeddings, np.float32))
        rate = round(len(texts) / statistics.median(times), 1)
        emit(task="throughput", file=name, mode=peer, texts=len(texts), texts_per_s=rate, times=times)


# --- one sentence at a time -----------------------------------------------------------------------


def sentences_of_8_tokens(folder, file, options):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(f"{folder}/model/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    texts = lines(file, options.limit)
    return [(text, e.ids) for text, e in zip(texts, tokenizer.encode_batch(texts)) if len(e.ids) == 8]


def latency(folder, peer, file, options):
    sentences = sentences_of_8_tokens(folder, file, options)
    if peer == "torch":
        model = sentence_transformer(folder, peer)
        inputs = [text for text, _ in sentences]
        run = model.encode
    else:  # the session alone: ids in, hidden states out
        import numpy as np
        import onnxruntime

        name = "model_qint8_avx512_vnni" if "int8" in peer else "model"
        session = onnxruntime.InferenceSession(
            f"{folder}/onnx/onnx/{name}.onnx", providers=["CPUExecutionProvider"]
        )
        wanted = {i.name for i in session.get_inputs()}
        inputs = []
        for _, ids in sentences:
            row = np.array([ids], np.int64)
            feed = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
            inputs.append({key: value for key, value in feed.items() if key in wanted})

        def run(feed):
            return session.run(None, feed)

    times = []
    for i in range(50 + options.runs):
        value = inputs[i % len(inputs)]
        start = time.perf_counter()
        run(value)
        times.append(time.perf_counter() - start)
    times = [t * 1e3 for t in times[50:]]
    emit(
        task="latency",
        mode=peer,
        sentences=len(inputs),
        runs=len(times),
        p50_ms=round(quantile(times, 0.5), 3),
        p99_ms=round(quantile(times, 0.99), 3),
        mean_ms=round(statistics.mean(times), 3),
    )


def startup(folder, clock):
    sentence_transformer(folder, "torch").encode("The first sentence.")
    emit(task="startup", mode="torch", seconds=time.monotonic() - float(clock), peak_mb=memory_mb("VmHWM"))


def memory(folder, file, options):
    model = sentence_transformer(folder, "torch")
    model.encode(lines(file, options.limit), batch_size=BATCH_SIZE)
    emit(task="memory", mode="torch", once_mb=memory_mb("VmHWM"))


# --- tokenizer, search ----------------------------------------------------------------------------


def tokenize(folder, files, options):
    os.environ["RAYON_NUM_THREADS"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(f"{folder}/model/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    texts = [text for file in files for text in lines(file, options.limit)]
    total, tokens = 0, 0
    for encoding in tokenizer.encode_batch(texts):
        tokens += len(encoding.ids)
        for number in encoding.ids:
            total = (total * 31 + number) % 1000000007
    size = sum(len(text.encode()) for text in texts)
    batch, _ = timed(5, lambda: tokenizer.encode_batch(texts))
    batch_fast, _ = timed(5, lambda: tokenizer.encode_batch_fast(texts))
    single, _ = timed(5, lambda: [tokenizer.encode(text) for text in texts])
    word, _ = timed(5, lambda: tokenizer.encode("x" * (1 << 20)))
    best = min(statistics.median(times) for times in (batch, batch_fast, single))
    emit(
        task="tokenize",
        bytes=size,
        tokens=tokens,
        ids_hash=total,
        mb_per_s=round(size * 1e-6 / best, 2),
        tokens_per_s=round(tokens / best),
        batch_mb_per_s=round(size * 1e-6 / statistics.median(batch), 2),
        batch_fast_mb_per_s=round(size * 1e-6 / statistics.median(batch_fast), 2),
        one_at_a_time_mb_per_s=round(size * 1e-6 / statistics.median(single), 2),
        word_1mb_s=statistics.median(word),
    )


def search(which, options):
    import numpy as np

    def unit_vectors(count, seed):
        rows = np.random.default_rng(seed).standard_normal((count, 384), np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows

    queries, corpus = unit_vectors(options.queries, 0), unit_vectors(options.corpus, 1)
    if which == "faiss":
        import faiss

        faiss.omp_set_num_threads(CORES)
        index = faiss.IndexFlatIP(384)
        index.add(corpus)
        index.search(queries[:10], 10)
        times, _ = timed(options.passes, lambda: index.search(queries, 10))
    else:
        import torch
        from sentence_transformers import util

        queries, corpus = torch.from_numpy(queries), torch.from_numpy(corpus)
        util.semantic_search(queries, corpus[:10000])
        times, _ = timed(options.passes, lambda: util.semantic_search(queries, corpus))
    emit(
        task="search",
        mode=which,
        queries=options.queries,
        corpus=options.corpus,
        seconds=statistics.median(times),
        times=times,
    )


# --- cross-encoder, training ----------------------------------------------------------------------


def predict(folder, first, second, options):
    """The same 2,000 pairs as `measure --predict`."""
    import numpy as np
    from sentence_transformers import CrossEncoder

    queries, passages = lines(first, options.limit), lines(second, options.limit)
    pairs = [(queries[i % len(queries)], passages[7 * i % len(passages)]) for i in range(options.limit or 2000)]
    model = CrossEncoder(f"{folder}/cross", device="cpu")
    model.predict(pairs[:64])
    times, scores = timed(options.passes, lambda: model.predict(pairs, batch_size=BATCH_SIZE))
    np.save(f"{options.out}/predict.torch.npy", np.asarray(scores, np.float32).reshape(-1, 1))
    emit(task="predict", mode="torch", pairs=len(pairs), pairs_per_s=round(len(pairs) / statistics.median(times), 1), times=times)


def train(folder, file, options):
    """The same recipe as `measure --train`, by Python's trainer."""
    import tempfile

    import torch
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
    from transformers import TrainerCallback

    torch.set_num_threads(CORES)
    rows = [line.split("\t") for line in lines(file)]
    columns = {"first": [r[5] for r in rows], "second": [r[6] for r in rows], "label": [float(r[4]) / 5 for r in rows]}
    model = sentence_transformer(folder, "torch")
    warm_up = 10

    class Clock(TrainerCallback):
        def on_step_end(self, args, state, control, **_):
            if state.global_step == warm_up:
                self.start = time.perf_counter()

    clock = Clock()
    with tempfile.TemporaryDirectory() as output:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=output,
            max_steps=warm_up + options.runs,
            per_device_train_batch_size=16,
            learning_rate=2e-5,
            warmup_steps=36,
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            disable_tqdm=True,
        )
        trainer = SentenceTransformerTrainer(
            model=model, args=arguments, train_dataset=Dataset.from_dict(columns), loss=CosineSimilarityLoss(model), callbacks=[clock]
        )
        trainer.train()
    seconds = time.perf_counter() - clock.start
    emit(task="train", mode="torch", steps=options.runs, steps_per_s=round(options.runs / seconds, 3), peak_mb=memory_mb("VmHWM"))


def versions(packages):
    emit(task="versions", **{name: importlib.metadata.version(name) for name in packages})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("task")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--out")
    for name, default in (("passes", 5), ("runs", 500), ("queries", 1000), ("corpus", 1000000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--max-seq-length", type=int)
    o = parser.parse_args()
    tasks = {
        "throughput": lambda: throughput(o.folder, o.words[0], o.words[1:], o),
        "latency": lambda: latency(o.folder, o.words[0], o.words[1], o),
        "startup": lambda: startup(o.folder, o.words[0]),
        "memory": lambda: memory(o.folder, o.words[0], o),
        "tokenize": lambda: tokenize(o.folder, o.words, o),
        "search": lambda: search(o.words[0], o),
        "predict": lambda: predict(o.folder, o.words[0], o.words[1], o),
        "train": lambda: train(o.folder, o.words[0], o),
        "versions": lambda: versions(o.words),
    }
    tasks[o.task]()


if __name__ == "__main__":
    main()
