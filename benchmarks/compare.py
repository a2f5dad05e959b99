#!/usr/bin/env python3
"""Runs the library and its peers in turn on the same texts, and writes RESULTS.md and two pictures.

DIR is what compare.sh sets up. Each part leaves DIR/results/PART.json, so that parts can be run again one by one:
`compare.py DIR --only ours,ct2` measures these and writes the report from all there is; --report only writes it.
--limit N tries everything on N texts a file; its results and report stay in DIR/trial.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

import families
import report
import workload

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
OURS = ("float32", "bfloat16", "int8")
# How often each file is timed. Peers that no target names, and the slow ones on long texts, get 3.
PASSES = {
    "torch": (5, 5, 3),
    "torch-bf16": (5, 5, 3),
    "onnx": (3, 3, 3),
    "onnx-int8": (3, 3, 3),
    "openvino": (5, 5, 3),
    "openvino-int8": (5, 5, 5),
    "ct2": (5, 5, 3),
    "ct2-int8": (5, 5, 3),
}


class Runner:
    def __init__(self, options):
        self.dir = options.dir.resolve()
        self.limit = options.limit
        self.out = self.dir / ("trial" if self.limit else "results")
        self.out.mkdir(exist_ok=True)
        self.programs = self.find_programs(options.build)
        self.commands, self.rows = [], []
        self.environment = dict(os.environ, HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")

    @staticmethod
    def find_programs(build):
        for folder in [build] if build else [ROOT / "build/release", ROOT / "build/bench"]:
            if (folder / "benchmarks/measure").exists():
                return folder.resolve() / "benchmarks"
        sys.exit("Failed: no benchmark programs found.\nWhat to do: run benchmarks/compare.sh, or name --build.")

    def run(self, command, **marks):
        """Runs a program and keeps its lines of JSON, `marks` added to each."""
        command = [str(word) for word in command]
        shown = " ".join(command).replace(str(self.programs), "BUILD/benchmarks")
        shown = shown.replace(str(self.dir), "DIR").replace(str(ROOT) + "/", "")
        if shown not in self.commands:
            self.commands.append(shown)
        if "CLOCK" in command:
            command[command.index("CLOCK")] = repr(time.monotonic())
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment)
        if done.returncode != 0:
            sys.exit(f"Failed: {shown}\n{done.stderr[-3000:]}")
        self.rows += [dict(json.loads(line), **marks) for line in done.stdout.splitlines() if line.startswith('{"')]

    def limits(self):
        return ["--limit", self.limit] if self.limit else []

    def ours(self, mode, *words):
        self.run([self.programs / "measure", self.dir / "model", mode, *words], peer=f"ours-{mode}")

    def peer(self, venv, *words, **marks):
        self.run([self.dir / venv / "bin/python", HERE / "peers.py", self.dir, *words], **marks)

    def file(self, name):
        return self.dir / f"{name}.txt"

    # --- parts ----------------------------------------------------------------------------------

    def our_throughput(self, mode):
        files = [self.file(name) for name in ("short", "mixed", "long")]
        self.run([self.programs / "measure", "--peak"], peer=f"ours-{mode}")
        self.ours(mode, *files, "--passes", 5, "--out", self.out, *self.limits())

    def peer_throughput(self, peer):
        files = [f"{self.file(name)}:{n}" for name, n in zip(("short", "mixed", "long"), PASSES[peer])]
        venv = "st" if peer.startswith("torch") else "ort"
        self.peer(venv, "throughput", peer, *files, "--out", self.out, *self.limits(), peer=peer)

    def lengths(self):
        workload.write_lengths(self.dir, 4096 if not self.limit else 512)
        files = [self.dir / "lengths" / f"{length}.txt" for length in workload.LENGTHS]
        for mode in OURS:
            self.ours(mode, *files, "--passes", 5, "--max-seq-length", 512)
        for venv, peer in (("st", "torch"), ("ort", "openvino"), ("ort", "ct2-int8")):
            words = [f"{file}:3" for file in files]
            self.peer(venv, "throughput", peer, *words, "--max-seq-length", 512, peer=peer)

    def latency(self):
        runs = ["--runs", 1000 if not self.limit else 20]
        for venv, peer in (("st", "torch"), ("ort", "onnx-session"), ("ort", "onnx-int8-session")):
            self.peer(venv, "latency", peer, self.file("short"), *runs, peer=peer)
        for mode in OURS:
            self.ours(mode, "--latency", self.file("short"), *runs)

    def startup(self):
        times = 5 if not self.limit else 1
        for _ in range(times):
            self.run([self.programs / "empty_libtorch", "CLOCK"], peer="empty")
            for mode in OURS:
                self.ours(mode, "--startup", "CLOCK")
        for _ in range(min(times, 3)):
            self.peer("st", "startup", "CLOCK", peer="torch")

    def memory(self):
        for mode in OURS:
            self.ours(mode, "--memory", self.file("mixed"), *self.limits())
        self.peer("st", "memory", self.file("mixed"), *self.limits(), peer="torch")

    def growth(self):
        words = ["--passes", 3] if not self.limit else ["--passes", 1, "--limit", 10000]
        words += ["--max-seq-length", 32]
        self.ours("int8", "--growth", self.file("short"), self.file("mixed"), *words)

    def search(self):
        words = ["--passes", 5] if not self.limit else ["--queries", 100, "--corpus", 20000]
        self.run([self.programs / "measure", "--search", *words], peer="ours")
        self.peer("ort", "search", "faiss", *words, peer="faiss")
        self.peer("st", "search", "python", *words, peer="python")

    def cross(self):
        """Cross-encoder: the same folder for both, scores kept to be compared."""
        self.run([self.programs / "measure", self.dir / "model", "float32", "--make-cross", self.dir / "cross"])
        files = [self.file("short"), self.file("mixed")]
        for mode in OURS:
            words = ["--predict", *files, "--passes", 5, "--out", self.out, *self.limits()]
            self.run([self.programs / "measure", self.dir / "cross", mode, *words], peer=f"ours-{mode}")
        self.peer("st", "predict", *files, "--passes", 3, "--out", self.out, *self.limits(), peer="torch")

    def training(self):
        workload.write_sts(self.dir)
        runs = ["--runs", 100 if not self.limit else 5]
        for _ in range(3 if not self.limit else 1):
            self.ours("float32", "--train", self.dir / "sts-train.csv", *runs)
            self.peer("st", "train", self.dir / "sts-train.csv", *runs, peer="torch")

    def tokenizer(self):
        files = [self.file(name) for name in ("short", "mixed", "long")]
        self.run(
            [self.programs / "measure", self.dir / "model", "float32", "--tokenize", *files, *self.limits()],
            peer="ours",
        )
        self.peer("st", "tokenize", *files, *self.limits(), peer="tokenizers")

    def families(self):
        """Random models at published sizes: the types of this library, PyTorch, and what the exporters read."""
        texts = [self.file("mixed"), "--passes", 3, "--limit", min(self.limit or 200, 200)]
        for name in families.FAMILIES:
            folder = self.dir / "families" / name
            if not (folder / "model").exists():
                self.run([self.dir / "st/bin/python", HERE / "families.py", folder, name])
            for mode in OURS:
                self.run([self.programs / "measure", folder / "model", mode, *texts], peer=f"ours-{mode}", family=name)
            self.family_peers(name, folder)

    def family_peers(self, name, folder):
        peers = [("st", "torch")]
        if name in families.EXPORTED:
            peers += [("ort", peer) for peer in ("onnx", "onnx-int8", "openvino", "openvino-int8")]
        if len(peers) > 1 and not (folder / "ov/openvino/openvino_model_qint8_quantized.bin").exists():
            for text in ("short", "mixed"):
                (folder / f"{text}.txt").write_bytes(self.file(text).read_bytes())
            self.run([self.dir / "ort/bin/python", HERE / "export_peers.py", folder])
        for venv, peer in peers:
            words = ["throughput", peer, f"{self.file('mixed')}:3", "--limit", min(self.limit or 200, 200)]
            self.run([self.dir / venv / "bin/python", HERE / "peers.py", folder, *words], peer=peer, family=name)

    def sts(self):
        program, model, data = self.programs / "sts_benchmark", self.dir / "model", self.dir / "sts-test.csv"
        workload.write_sts(self.dir)
        modes = {"float32": [], "bfloat16": ["--dtype", "bfloat16"], "int8": ["--quantization", "int8"]}
        for mode, words in modes.items():
            self.run([program, model, data, *words], task="sts", mode=mode)

    def parts(self):
        """In the order of the run: whom a target compares stand side by side."""
        order = ["torch", "ours-float32", "ct2", "torch-bf16", "ours-bfloat16", "openvino", "openvino-int8"]
        order += ["ours-int8", "ct2-int8", "onnx", "onnx-int8"]
        parts = {
            name: (lambda n=name: self.our_throughput(n[5:]) if n[:5] == "ours-" else self.peer_throughput(n))
            for name in order
        }
        for name in ("lengths", "latency", "startup", "memory", "growth", "search", "tokenizer", "sts", "cross", "training", "families"):
            parts[name] = getattr(self, name)
        parts["machine"] = self.machine
        return parts

    def machine(self):
        self.rows.append(report.machine())
        self.peer("st", "versions", "sentence-transformers", "transformers", "tokenizers", "torch", where="st")
        packages = ["sentence-transformers", "transformers", "torch", "onnxruntime", "openvino", "nncf"]
        packages += ["ctranslate2", "faiss-cpu"]
        self.peer("ort", "versions", *packages, where="ort")

    def measure(self, only):
        for name, part in self.parts().items():
            if only and not any(name == word or name.startswith(word + "-") for word in only):
                continue
            self.commands, self.rows = [], []
            print(f"{name} ...", end=" ", flush=True)
            start = time.monotonic()
            part()
            result = {"part": name, "seconds": time.monotonic() - start}
            result.update(commands=self.commands, rows=self.rows)
            (self.out / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
            print(f"done in {result['seconds']:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--only", help="parts or groups of them, separated by commas")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--limit", type=int, help="texts of each file, for a trial")
    parser.add_argument("--build", type=pathlib.Path, help="the build folder (build/release)")
    options = parser.parse_args()
    runner = Runner(options)
    if not options.report:
        known = {name.split("-")[0] for name in runner.parts()} | set(runner.parts())
        only = options.only.split(",") if options.only else []
        if unknown := set(only) - known:
            parser.error(f"unknown parts {', '.join(sorted(unknown))}; known: {', '.join(runner.parts())}")
        print(f"programs: {os.path.relpath(runner.programs)}")
        runner.measure(only)
    report.write(runner.out, runner.out if options.limit else HERE, list(runner.parts()))


if __name__ == "__main__":
    main()
