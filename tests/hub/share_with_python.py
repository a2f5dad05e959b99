#!/usr/bin/env python3
"""Holds examples/download against huggingface_hub itself: one cache for both, byte for byte.

Run: share_with_python.py PROGRAM [MODEL_FOLDER]

A server on the loopback interface speaks the Hub's API and serves the folder (else the tiny BERT of
the golden files); large files come from a second server, as from the Hub's storage. Exits with 0
and a message where huggingface_hub is not installed.
"""
import hashlib
import http.server
import json
import os
import shutil
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = "org/model"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", ".bin")


def git_hash(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Repository:
    def __init__(self, folder):
        self.files = {}
        for root, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(root, name)
                with open(path, "rb") as file:
                    self.files[os.path.relpath(path, folder)] = file.read()

    def is_large(self, path):
        return path.endswith(LARGE)

    def etag(self, path):
        content = self.files[path]
        return hashlib.sha256(content).hexdigest() if self.is_large(path) else git_hash(content)

    def tree(self):
        result = []
        for path, content in sorted(self.files.items()):
            entry = {"type": "file", "path": path, "oid": git_hash(content), "size": len(content)}
            if self.is_large(path):
                entry["lfs"] = {"oid": self.etag(path), "size": len(content), "pointerSize": 134}
            result.append(entry)
        return result


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, repository, storage=None, certificate=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repository, self.storage, self.requests = repository, storage, []
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a refused certificate ends in one

    def transfers(self):
        return [path for method, path, _ in self.requests if method == "GET" and "/api/" not in path]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def send(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def answer(self):
        server, repository = self.server, self.server.repository
        server.requests.append((self.command, self.path, self.headers.get("Authorization")))
        path, _, query = self.path.partition("?")
        path = urllib.parse.unquote(path)
        model = f"/api/models/{REPOSITORY}"
        if path in (model, model + "/revision/main", model + f"/revision/{COMMIT}"):
            return self.send(200, json.dumps({"id": REPOSITORY, "sha": COMMIT}).encode())
        if path in (model + f"/tree/{COMMIT}", model + "/tree/main") and "recursive=" in query:
            return self.send(200, json.dumps(repository.tree()).encode())
        if path.startswith(model + "/tree/"):
            return self.send(404, X_Error_Code="EntryNotFound")
        if path.startswith("/stored/"):
            content = {repository.etag(name): data for name, data in repository.files.items()}
            return self.send(200, content[path[len("/stored/"):]])
        for revision in ("main", COMMIT):
            start = f"/{REPOSITORY}/resolve/{revision}/"
            if path.startswith(start):
                return self.file(path[len(start):])
        return self.send(404, X_Error_Code="RepoNotFound")

    def file(self, name):
        repository, storage = self.server.repository, self.server.storage
        if name not in repository.files:
            return self.send(404, X_Error_Code="EntryNotFound", X_Repo_Commit=COMMIT)
        etag, content = repository.etag(name), repository.files[name]
        if repository.is_large(name) and storage:
            return self.send(302, Location=f"{storage.url}/stored/{etag}", X_Repo_Commit=COMMIT,
                             X_Linked_Etag=f'"{etag}"', X_Linked_Size=str(len(content)))
        return self.send(200, content, ETag=f'"{etag}"', X_Repo_Commit=COMMIT)


failures = []


def check(what, is_so, more=""):
    print(f"{'ok    ' if is_so else 'FAILED'}  {what}{'' if is_so else f': {more}'}")
    if not is_so:
        failures.append(what)


def environment(home, endpoint, **more):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
    kept.pop("SENTENCE_TRANSFORMERS_HOME", None)
    return {**kept, "HF_HOME": home, "HF_ENDPOINT": endpoint, "HF_TOKEN": "secret",
            "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1", **more}


def run(command, environment):
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout, result.stderr


def tree(folder):
    """Links with their targets and files with their content, of what both must agree on."""
    result = {}
    for root, folders, names in os.walk(folder):
        for name in names + [f for f in folders if os.path.islink(os.path.join(root, f))]:
            path = os.path.join(root, name)
            if os.path.islink(path):
                result[os.path.relpath(path, folder)] = "-> " + os.readlink(path)
            else:
                with open(path, "rb") as file:
                    result[os.path.relpath(path, folder)] = file.read()
    return result


DOWNLOAD = f"""
import sys
from huggingface_hub import hf_hub_download, resolve_revision, snapshot_download
from huggingface_hub.errors import EntryNotFoundError
revision = resolve_revision("{REPOSITORY}")
for name in sys.argv[2:]:
    try:
        hf_hub_download("{REPOSITORY}", name, revision=revision)
    except EntryNotFoundError:
        pass
print(snapshot_download("{REPOSITORY}", allow_patterns=sys.argv[2:]))
"""
OFFLINE = f"""
import sys
from huggingface_hub import snapshot_download
print(snapshot_download("{REPOSITORY}", local_files_only=True, allow_patterns=sys.argv[2:]))
"""
ENCODE = """
import sys, json
from sentence_transformers import SentenceTransformer
print(json.dumps(SentenceTransformer(sys.argv[1], device="cpu").encode(["the dog", "a cat"]).tolist()))
"""
TO_BIN = """
import os, sys, torch
from safetensors.torch import load_file
path = os.path.join(sys.argv[1], "model.safetensors")
torch.save(load_file(path), os.path.join(sys.argv[1], "pytorch_model.bin"))
os.remove(path)
"""


def read_npy(path):
    """The numbers of a file of float32, without numpy."""
    with open(path, "rb") as file:
        content = file.read()
    begin = 10 + struct.unpack("<H", content[8:10])[0]
    return [value for (value,) in struct.iter_unpack("<f", content[begin:])]


def check_embeddings(encode, folder, server, work):
    """The name alone, from an empty cache and from a full one, and the weights as .bin."""
    texts = os.path.join(work, "texts")
    with open(texts, "w") as file:
        file.write("the dog\na cat\n")
    home = os.path.join(work, "encode")

    def embed(model, output, **more):
        command = [encode, "--model", model, "--device", "cpu", texts, os.path.join(work, output)]
        status, _, error = run(command, environment(home, server.url, **more))
        check(f"this library embeds: {output}", status == 0, error)
        return read_npy(os.path.join(work, output)) if status == 0 else []

    by_name = embed(REPOSITORY, "from an empty cache")
    check("the same from a full cache, offline",
          embed(REPOSITORY, "from a full cache", HF_HUB_OFFLINE="1") == by_name)
    bin_folder = os.path.join(work, "bin")
    shutil.copytree(folder, bin_folder)
    status, _, error = run([sys.executable, "-c", TO_BIN, bin_folder], environment(home, server.url))
    check("Python saves pytorch_model.bin", status == 0, error)
    check("the same from pytorch_model.bin", embed(bin_folder, "from .bin") == by_name)
    status, out, error = run([sys.executable, "-c", ENCODE, folder], environment(home, server.url))
    wanted = [value for row in json.loads(out) for value in row]
    difference = max(abs(a - b) for a, b in zip(by_name, wanted, strict=True))
    check(f"as in Python, to {difference:.1e}", difference < 2e-6)


def main():
    program = os.path.abspath(sys.argv[1])
    folder = sys.argv[2] if len(sys.argv) > 2 else os.path.join(HERE, "..", "golden", "tiny_bert")
    try:
        import huggingface_hub
    except ImportError:
        print("skipped: huggingface_hub is not installed here")
        return 0
    print(f"huggingface_hub {huggingface_hub.__version__}")
    repository = Repository(folder)
    storage = Server(repository)
    server = Server(repository, storage)
    work = tempfile.mkdtemp()
    here = os.path.join(work, "cpp")
    there = os.path.join(work, "python")
    inner = os.path.join("hub", "models--org--model")
    snapshot = os.path.join(inner, "snapshots", COMMIT)
    nowhere = "http://127.0.0.1:1"

    status, out, error = run([program, REPOSITORY], environment(here, server.url))
    check("this library downloads", status == 0, error)
    check("and prints the snapshot", out.startswith(os.path.join(here, snapshot) + "\n"), out)
    check("the token went to the Hub", all(token == "Bearer secret" for *_, token in server.requests))
    check("and not to the storage", storage.requests and not any(t for *_, t in storage.requests))
    ours = tree(os.path.join(here, inner))
    needed = [path[len("snapshots//") + len(COMMIT):] for path in ours if path.startswith("snapshots")]
    absent = [path[len(".no_exist//") + len(COMMIT):] for path in ours if path.startswith(".no_exist")]
    check("the weights came", "model.safetensors" in needed, needed)

    status, out, error = run([sys.executable, "-c", DOWNLOAD, "-", *needed, *absent],
                             environment(there, server.url))
    check("huggingface_hub downloads", status == 0, error)
    theirs = tree(os.path.join(there, inner))
    check("both caches are the same", ours == theirs,
          sorted(set(ours.items()) ^ set(theirs.items()), key=str)[:6])
    tag = os.path.join("hub", "CACHEDIR.TAG")
    with open(os.path.join(here, tag)) as a, open(os.path.join(there, tag)) as b:
        check("and their tags", a.read() == b.read())
    locks = [sorted(os.listdir(os.path.join(home, "hub", ".locks", "models--org--model")))
             for home in (here, there)]
    check("and their locks", locks[0] == locks[1], locks)

    server.requests.clear(), storage.requests.clear()
    status, out, error = run([program, REPOSITORY], environment(there, server.url))
    check("this library finds what Python brought", out.startswith(os.path.join(there, snapshot)), error)
    check("with one question", len(server.requests) == 1, server.requests)
    status, out, error = run([program, REPOSITORY], environment(there, nowhere, HF_HUB_OFFLINE="1"))
    check("offline as well", out.startswith(os.path.join(there, snapshot)), error)

    server.requests.clear(), storage.requests.clear()
    status, out, error = run([sys.executable, "-c", DOWNLOAD, "-", *needed], environment(here, server.url))
    check("Python finds what this library brought", out.strip() == os.path.join(here, snapshot), error)
    check("without a transfer", not server.transfers() and not storage.requests, server.requests)
    status, out, error = run([sys.executable, "-c", OFFLINE, "-", *needed],
                             environment(here, nowhere, HF_HUB_OFFLINE="1"))
    check("offline as well", out.strip() == os.path.join(here, snapshot), error)

    try:
        import sentence_transformers  # noqa: F401
        expected = run([sys.executable, "-c", ENCODE, folder], environment(there, nowhere))[1]
        status, out, error = run([sys.executable, "-c", ENCODE, REPOSITORY],
                                 environment(here, nowhere, HF_HUB_OFFLINE="1"))
        check("SentenceTransformer loads it from our cache, offline", out == expected and out, error)
        fresh = os.path.join(work, "fresh")
        status, out, error = run([sys.executable, "-c", ENCODE, REPOSITORY],
                                 environment(fresh, server.url))
        check("SentenceTransformer downloads", status == 0, error)
        status, out, error = run([program, REPOSITORY], environment(fresh, nowhere, HF_HUB_OFFLINE="1"))
        check("what SentenceTransformer brought is found here, offline",
              out.startswith(os.path.join(fresh, snapshot)), error)
        encode = os.path.join(os.path.dirname(program), "encode")
        if os.path.exists(encode):
            check_embeddings(encode, folder, server, work)
    except ImportError:
        print("skipped: sentence_transformers is not installed here")

    if shutil.which("openssl"):
        certificate = os.path.join(work, "certificate.pem")
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-keyout", certificate + ".key", "-out", certificate, "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=False, capture_output=True)
        check("openssl makes a certificate", made.returncode == 0, made.stderr)
        with open(certificate + ".key") as key, open(certificate) as own, \
                open(certificate + ".both", "w") as both:
            both.write(key.read() + own.read())
        secure = Server(repository, None, certificate + ".both")
        tls = os.path.join(work, "tls")
        status, out, error = run([program, REPOSITORY], environment(tls, secure.url))
        check("an unknown certificate is refused", status != 0 and "certificate" in error, error)
        check("before any request", not secure.requests, secure.requests)
        status, out, error = run([program, REPOSITORY],
                                 environment(tls, secure.url, SSL_CERT_FILE=certificate))
        check("a known one is not", status == 0, error)
        plain = Server(repository)
        secure.storage = plain
        status, out, error = run([program, REPOSITORY], environment(tls + "2", secure.url, SSL_CERT_FILE=certificate))
        check("nor followed down to http", "a redirect from https to http" in error, error)

    shutil.rmtree(work)
    print(f"{len(failures)} failed" if failures else "all the same")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
