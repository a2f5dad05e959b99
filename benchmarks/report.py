"""Reads the parts that compare.py left and writes RESULTS.md and its pictures."""

import array
import json
import math
import os
import pathlib
import platform
import re
import statistics
import subprocess

import charts
import families

FILES = ("short", "mixed", "long")
NAMES = {
    "torch": "sentence-transformers, PyTorch float32",
    "torch-bf16": "sentence-transformers, PyTorch bfloat16",
    "onnx": "ONNX Runtime float32",
    "onnx-int8": "ONNX Runtime dynamic int8",
    "openvino": "OpenVINO, its default type",
    "openvino-int8": "OpenVINO static int8",
    "ct2": "CTranslate2 float32",
    "ct2-int8": "CTranslate2 int8",
    "ours-float32": "**this library** float32",
    "ours-bfloat16": "**this library** bfloat16",
    "ours-int8": "**this library** int8",
}
# Of the linear layers: 6 of [384, 1152], [384, 384], [384, 1536], [1536, 384], two operations a weight.
FLOP_A_TOKEN = 6 * 2 * (384 * 1152 + 384 * 384 + 2 * 384 * 1536)


def machine():
    """What this runs on, without its name."""
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    flags = re.search(r"^flags\s*:(.*)$", cpu, re.MULTILINE)
    flags = flags.group(1).split() if flags else []
    wanted = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16", "amx_int8")
    model = re.search(r"^model name\s*:\s*(.*)$", cpu, re.MULTILINE)
    total = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True).stdout
    return {
        "task": "machine",
        "cpu": model.group(1) if model else platform.machine(),
        "flags": [flag for flag in wanted if flag in flags],
        "missing": [flag for flag in wanted if flag not in flags],
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(total) * 1024 / 1e9, 1),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "compiler": compiler.splitlines()[0] if compiler else "unknown",
    }


def read_npy(path):
    """Rows of a float32 .npy file, as slices of one array."""
    data = path.read_bytes()
    start = 10 + int.from_bytes(data[8:10], "little")
    count, size = map(int, re.search(rb"\((\d+), (\d+)\)", data[:start]).groups())
    values = array.array("f", data[start:])
    return [values[i * size : (i + 1) * size] for i in range(count)]


def smallest_cosine(path, reference):
    def dot(a, b):
        return math.fsum(x * y for x, y in zip(a, b))

    rows = zip(read_npy(path), read_npy(reference))
    return min(dot(a, b) / math.sqrt(dot(a, a) * dot(b, b)) for a, b in rows)


class Results:
    """All rows of all parts; lookups give None for what was not measured."""

    def __init__(self, folder, order):
        self.folder = folder
        self.parts = [json.loads(p.read_text()) for name in order if (p := folder / f"{name}.json").exists()]

    def rows(self, task, part=None, **wanted):
        return [
            row
            for p in self.parts
            if part is None or p["part"] == part
            for row in p["rows"]
            if row["task"] == task and all(row.get(key) == value for key, value in wanted.items())
        ]

    def value(self, key, task, **wanted):
        """The median over equal rows."""
        values = [row[key] for row in self.rows(task, **wanted) if row.get(key) is not None]
        return statistics.median(values) if values else None

    def rate(self, peer, file):
        return self.value("texts_per_s", "throughput", part=peer, file=file)

    def cosine(self, peer):
        file = self.folder / f"mixed.{peer.removeprefix('ours-')}.npy"
        reference = self.folder / "mixed.torch.npy"
        return smallest_cosine(file, reference) if file.exists() and reference.exists() else None


    def score_difference(self, mode):
        """Of the cross-encoder's scores."""
        files = [self.folder / f"predict.{name}.npy" for name in (mode, "torch")]
        if not all(file.exists() for file in files):
            return None
        return max(abs(x - y) for a, b in zip(*map(read_npy, files)) for x, y in zip(a, b))


def ratio(a, b):
    return a / b if a is not None and b else None


def show(value, digits=2):
    return "–" if value is None else f"{value:,.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


class Targets:
    """Rows of: what, target, reached, met or missed by how much."""

    def __init__(self):
        self.rows = []

    def at_least(self, what, goal, value, unit="x", digits=2):
        self.add(what, f"at least {goal:g}{unit}", value, unit, digits, lambda v: v >= goal, goal)

    def at_most(self, what, goal, value, unit="", digits=2):
        self.add(what, f"at most {goal:g}{unit}", value, unit, digits, lambda v: v <= goal, goal)

    def add(self, what, target, value, unit, digits, met, goal):
        if value is None:
            verdict = "not measured"
        elif met(value):
            verdict = "met"
        else:
            verdict = f"missed by {abs(value - goal) / abs(goal) * 100:.2g} %"
        self.rows.append((what, target, show(value, digits) + (unit if value is not None else ""), verdict))


def targets(r):
    t = Targets()

    def faster(ours, peer, goals):
        for file, goal in zip(FILES, goals):
            what = f"{ours[5:]}, {file}: against {NAMES[peer]}"
            t.at_least(what, goal, ratio(r.rate(ours, file), r.rate(peer, file)))

    faster("ours-float32", "torch", (2.2, 2.2, 2.2))
    faster("ours-float32", "ct2", (1.25, 1.25, 1.25))
    peak = r.value("gemm_float32", "peak")
    linear = ratio(r.value("linear_float32", "peak"), peak)
    t.at_least("float32: linear layers, share of the GEMM peak", 0.9, linear, "")
    faster("ours-bfloat16", "openvino", (2, 2, 1.3))
    faster("ours-bfloat16", "torch-bf16", (2.2, 2.2, 2.2))
    faster("ours-int8", "ct2-int8", (1.3, 1.3, 1.3))
    faster("ours-int8", "openvino-int8", (1.3, 1.3, 1.3))
    t.at_least("int8: smallest cosine to float32 on mixed", 0.99, r.cosine("ours-int8"), "", 4)
    spearman = {mode: r.value("spearman", "sts", mode=mode) for mode in ("float32", "int8")}
    if None not in spearman.values():
        difference = abs(spearman["float32"] - spearman["int8"])
        t.at_most("int8: STS Spearman, distance to float32", 0.002, difference, "", 5)

    p50 = {row["peer"]: row["p50_ms"] for row in r.rows("latency")}
    for mode in ("float32", "int8"):
        ours = p50.get(f"ours-{mode}")
        session = ratio(ours, p50.get("onnx-session"))
        t.at_most(f"one sentence, {mode}: share of an ONNX Runtime float32 session's own run", 1, session)
    t.at_most("one sentence, float32: share of Python's encode", 0.2, ratio(p50.get("ours-float32"), p50.get("torch")), "", 3)
    t.at_most("one sentence, int8: share of Python's encode", 0.1, ratio(p50.get("ours-int8"), p50.get("torch")), "", 3)

    start = {peer: r.value("seconds", "startup", peer=peer) for peer in ("empty", "ours-float32", "ours-int8", "torch")}
    for peer in ("ours-float32", "ours-int8"):
        if start[peer] is not None and start["empty"] is not None:
            t.at_most(f"start-up, {peer[5:]}: beyond an empty LibTorch program", 0.15, start[peer] - start["empty"], " s", 3)
    t.at_least("start-up: Python against float32", 20, ratio(start["torch"], start["ours-float32"]), "x", 1)

    for mode, goal in (("float32", 260), ("int8", 200)):
        once = r.value("once_mb", "memory", peer=f"ours-{mode}")
        t.at_most(f"peak memory, {mode}, mixed", goal, once, " MB", 0)
        later = r.value("after_passes_mb", "memory", peer=f"ours-{mode}")
        t.at_most(f"peak memory, {mode}: after 20 shuffled passes, share of the first", 1.02, ratio(later, once), "", 3)

    ours, theirs = (r.value("mb_per_s", "tokenize", peer=peer) for peer in ("ours", "tokenizers"))
    t.at_least("tokenizing, one core: against Hugging Face tokenizers (its best way)", 8, ratio(ours, theirs))
    hashes = [r.value("ids_hash", "tokenize", peer=peer) for peer in ("ours", "tokenizers")]
    if None not in hashes:
        t.at_least("tokenizing: equal ids (1 is yes)", 1, float(hashes[0] == hashes[1]), "", 0)
    words = [r.value(key, "tokenize", peer="ours") for key in ("word_2mb_s", "word_1mb_s")]
    t.at_most("tokenizing: a word of 2 MB against one of 1 MB, seconds", 2.2, ratio(*words))

    steps = r.rows("growth")
    if len(steps) == 3:
        first, middle, last = steps
        t.at_most("growth: time a text, 100,000 against 1,000 texts", 1.1, seconds_a_text(last) / seconds_a_text(first), "", 3)
        bytes_ratio = ratio(bytes_a_text(last), bytes_a_text(middle))
        t.at_most("growth: memory a text, 100,000 against 10,000 texts", 1.1, bytes_ratio, "", 3)

    seconds = {row["peer"]: row["seconds"] for row in r.rows("search")}
    t.at_least("util::semantic_search: against Python's", 1.5, ratio(seconds.get("python"), seconds.get("ours")))
    t.at_least("util::semantic_search: against FAISS IndexFlatIP", 1, ratio(seconds.get("faiss"), seconds.get("ours")))

    pairs = {row["peer"]: row["pairs_per_s"] for row in r.rows("predict")}
    t.at_least("cross-encoder, float32: predict against Python's", 2, ratio(pairs.get("ours-float32"), pairs.get("torch")))
    t.at_most("cross-encoder, float32: largest difference of a score to Python's", 1e-5, r.score_difference("float32"), "", 8)
    steps = {peer: r.value("steps_per_s", "train", peer=peer) for peer in ("ours-float32", "torch")}
    t.at_least("training: steps a second against Python's", 1.5, ratio(steps["ours-float32"], steps["torch"]))
    peak_mb = {peer: r.value("peak_mb", "train", peer=peer) for peer in ("ours-float32", "torch")}
    t.at_most("training: peak memory, share of Python's", 1, ratio(peak_mb["ours-float32"], peak_mb["torch"]))

    beyond = Targets()
    for file in FILES:
        share = end_to_end_share(r, "ours-float32", file, peak)
        beyond.at_least(f"float32, {file}: linear operations of the whole encode, share of the GEMM peak", 0.95, share, "")
    for file in FILES:
        beyond.at_least(f"int8, {file}: against CTranslate2 int8", 2, ratio(r.rate("ours-int8", file), r.rate("ct2-int8", file)))
    return t.rows, beyond.rows


def end_to_end_share(r, peer, file, peak):
    rows = r.rows("throughput", part=peer, file=file)
    if not rows or not peak:
        return None
    return rows[0]["tokens"] / rows[0]["texts"] * rows[0]["texts_per_s"] * FLOP_A_TOKEN * 1e-9 / peak


def seconds_a_text(row):
    return row["seconds"] / row["texts"]


def bytes_a_text(row):
    return max(0.0, row["peak_mb"] - row["before_mb"]) * 1e6 / row["texts"]


# --- the document ---------------------------------------------------------------------------------


def machine_section(r):
    rows = r.rows("machine")
    if not rows:
        return "Not measured."
    m = rows[0]
    lines = [
        f"- Processor: {m['cpu']}, {m['cores']} cores; has {', '.join(m['flags'])}; has not {', '.join(m['missing']) or '-'}",
        f"- Memory: {m['memory_gb']} GB; {m['system']}; {m['compiler']}",
    ]
    for row in r.rows("versions"):
        packages = ", ".join(f"{k} {v}" for k, v in row.items() if k not in ("task", "where"))
        lines.append(f"- Packages in DIR/{row['where']}: {packages}")
    return "\n".join(lines)


def throughput_section(r):
    rows = []
    for peer, name in NAMES.items():
        times = r.rows("throughput", part=peer)
        if not times:
            continue
        passes = "/".join(str(len(row["times"])) for row in times)
        cosine = r.cosine(peer)
        rows.append([name, *(show(r.rate(peer, file), 1) for file in FILES), passes, show(cosine, 5)])
    return table(["texts a second", *FILES, "passes", "smallest cosine to Python float32, mixed"], rows)


def peak_section(r):
    keys = ("gemm_float32", "gemm_bfloat16", "linear_float32", "linear_bfloat16", "linear_int8")
    names = ("GEMM float32", "GEMM bfloat16", "linear layers float32", "bfloat16", "int8")
    rows = [[f"beside {row['peer'][5:]}", *(show(row[key], 0) for key in keys)] for row in r.rows("peak")]
    return table(["GFLOP/s", *names], rows)


def single_rows(r):
    latency = [
        [row["peer"], show(row["p50_ms"]), show(row["p99_ms"]), show(row["mean_ms"]), row["runs"]]
        for row in r.rows("latency")
    ]
    peers = ("empty", "ours-float32", "ours-bfloat16", "ours-int8", "torch")
    start = [[peer, show(r.value("seconds", "startup", peer=peer), 3), len(r.rows("startup", peer=peer))] for peer in peers]
    memory = [
        [row["peer"], show(row["once_mb"], 0), show(row.get("after_passes_mb"), 0)] for row in r.rows("memory")
    ]
    sts = [[row["mode"], row["pairs"], f"{row['spearman']:.5f}"] for row in r.rows("sts")]
    search = [[row["peer"], show(row["seconds"], 2), show(row.get("extra_mb"), 0)] for row in r.rows("search")]
    tokens = [
        [row["peer"], show(row["mb_per_s"], 1), show(row["tokens_per_s"] * 1e-6, 2), show(row["word_1mb_s"] * 1e3, 2)]
        for row in r.rows("tokenize")
    ]
    growth = [
        [f"{row['texts']:,}", show(row["seconds"], 2), show(seconds_a_text(row) * 1e6, 0),
         show(row["seconds"] / row["tokens"] * 1e6, 1), show(bytes_a_text(row), 0)]
        for row in r.rows("growth")
    ]
    return latency, start, memory, sts, search, tokens, growth


def cross_rows(r):
    rows = []
    for row in r.rows("predict"):
        difference = r.score_difference(row["mode"]) if row["peer"] != "torch" else None
        rows.append([row["peer"], show(row["pairs_per_s"], 1), "–" if difference is None else f"{difference:.1e}"])
    return rows


def family_rows(r):
    """Texts a second, and beside this library's the ratio to PyTorch's."""
    peers = ("torch", "ours-float32", "ours-bfloat16", "ours-int8", "onnx", "onnx-int8", "openvino", "openvino-int8")
    rows = []
    for name in families.FAMILIES:
        rates = {peer: r.value("texts_per_s", "throughput", part="families", family=name, peer=peer) for peer in peers}
        if not any(rates.values()):
            continue
        shown = {peer: show(rate, 1) for peer, rate in rates.items()}
        for peer in peers[1:4]:
            shown[peer] += f" ({show(ratio(rates[peer], rates['torch']), 1)}x)"
        rows.append([name, *shown.values()])
    return rows


def training_rows(r):
    rows = []
    for peer in ("ours-float32", "torch"):
        values = [r.value(key, "train", peer=peer) for key in ("steps_per_s", "peak_mb")]
        rows.append([peer, show(values[0]), show(values[1], 0), len(r.rows("train", peer=peer))])
    return rows


def pictures(r, folder):
    """Returns the names of those it could draw."""
    drawn = []
    series = {}
    for row in r.rows("throughput", part="lengths"):
        name = re.sub(r"\*\*(this )?|sentence-transformers, |, its(?= default)| type$", "", NAMES[row["peer"]])
        length = int(row["file"])
        series.setdefault(name, []).append((length, length * row["texts_per_s"]))
    if series:
        charts.write(folder / "throughput_by_length.svg", [
            ("Encoding by text length", "tokens of a text", "tokens a second", series),
        ])
        drawn.append("throughput_by_length.svg")
    steps = r.rows("growth")
    if steps:
        time = {"library int8": [(row["texts"], seconds_a_text(row) * 1e6) for row in steps]}
        memory = {
            "peak memory beyond what was in use before the call": [(row["texts"], bytes_a_text(row)) for row in steps],
        }
        charts.write(folder / "growth.svg", [
            ("Time of one call by the number of its texts", "texts", "microseconds a text", time),
            ("Memory of one call by the number of its texts", "texts", "bytes a text", memory),
        ])
        drawn.append("growth.svg")
    return drawn


def write(results, folder, order):
    r = Results(results, order)
    drawn = pictures(r, folder)
    rows, beyond = targets(r)
    met = sum(row[3] == "met" for row in rows)
    latency, start, memory, sts, search, tokens, growth = single_rows(r)
    head = ["what", "target", "reached", ""]
    lines = [
        "# Measured beside other libraries",
        "Written by `benchmarks/compare.sh DIR`, which sets up the peers under DIR, measures one after the other on the same "
        "texts, and can be run again anywhere. Figures are of the machine below; between machines compare ratios only. "
        "Model: all-MiniLM-L6-v2, `max_seq_length` 256, batch size 32, all cores. A figure is the median of its passes after a "
        "warm-up; the number of passes stands beside it (3 for slow peers on `long` and for peers that no target names).",
        "## Machine and versions",
        machine_section(r),
        f"## Targets: {met} of {len(rows)} met",
        table(head, rows),
        "Beyond the targets:",
        table(head, beyond),
        "## Throughput",
        "`short`: 2,000 package descriptions, about 12 tokens each. `mixed`: 2,000 texts of 4 to 256 tokens. `long`: 200 texts, "
        "most cut at 256 tokens.",
        throughput_section(r),
        "What the processor's matrix products allow, measured in a process just before each of the library's modes: the best of "
        "20 products of 2048 x 2048 by `at::mm`, and the model's linear layers alone, worked as `encode` does.",
        peak_section(r),
    ]
    if "throughput_by_length.svg" in drawn:
        lines.append("![Tokens a second by text length](throughput_by_length.svg)")
    lines += [
        "## One sentence at a time",
        "Sentences of 8 tokens, text in, vector out; for the ONNX Runtime sessions the same ids in and hidden states out, without "
        "tokenizing and pooling. Milliseconds.",
        table(["", "p50", "p99", "mean", "runs"], latency),
        "## Start-up and memory",
        "Seconds from the start of the process to its first embedding, files in the page cache; `empty` is a LibTorch program "
        "that adds two numbers.",
        table(["", "seconds", "runs"], start),
        "Peak resident memory in MB of a process that embeds `mixed`, and after 20 more passes over a quarter of it in shuffled "
        "order.",
        table(["", "mixed once", "after 20 passes"], memory),
        "## Accuracy",
        "STS benchmark, test set: Spearman's rank correlation of cosine and human scores (the cosine to Python's embeddings "
        "stands under Throughput).",
        table(["", "pairs", "Spearman"], sts),
        "## Growth",
        "int8, different texts made from `short` and `mixed`, the same mixture for each size, cut at 32 tokens. Memory is the "
        "peak during the call beyond what was in use before; the result alone takes 1,536 bytes a text.",
        table(["texts", "seconds", "µs a text", "µs a token", "bytes a text"], growth),
    ]
    if "growth.svg" in drawn:
        lines.append("![Time and memory a text by the number of texts](growth.svg)")
    lines += [
        "## Search",
        "The 10 best of 1,000,000 random unit vectors of 384 dimensions for each of 1,000 queries. FAISS: `IndexFlatIP`, the "
        "search alone.",
        table(["", "seconds", "peak memory beyond the vectors, MB"], search),
        "## Families",
        "Random weights at the sizes that each family is published in, the first 200 texts of `mixed`, texts a second; beside this "
        "library's types the ratio to PyTorch's float32. ONNX Runtime and OpenVINO where their exporters read the family.",
        table(["", "PyTorch", "float32", "bfloat16", "int8", "ONNX Runtime", "its int8", "OpenVINO", "its int8"], family_rows(r)),
        "## Cross-encoder",
        "2,000 pairs of a line of `short` and one of `mixed`, by all-MiniLM-L6-v2 with a new head of one label, the same folder "
        "for both.",
        table(["", "pairs a second", "largest difference to Python's scores"], cross_rows(r)),
        "## Training",
        "Steps of 16 pairs of the STS benchmark's training set, CosineSimilarityLoss, AdamW, after 10 steps; the median of the "
        "runs.",
        table(["", "steps a second", "peak memory, MB", "runs"], training_rows(r)),
        "## Tokenizer",
        "All three files on one core. Hugging Face tokenizers: the fastest of `encode_batch`, `encode_batch_fast` and `encode`.",
        table(["", "MB/s", "million tokens/s", "a word of 1 MB, ms"], tokens),
    ]
    notes = pathlib.Path(__file__).with_name("NOTES.md")
    if notes.exists():
        lines.append(notes.read_text().strip())
    lines += ["## Commands", "BUILD is the build folder. CLOCK is the steady clock when the process is started."]
    lines.append("```\n" + "\n".join(c for part in r.parts for c in part["commands"]) + "\n```")
    (folder / "RESULTS.md").write_text("\n\n".join(lines) + "\n")
    print(f"written: {os.path.relpath(folder / 'RESULTS.md')}")
