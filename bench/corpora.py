"""Texts and questions to measure with: a BEIR folder as it is, grown to any size, or made up."""

import json
import pathlib
import random
import re

SENTENCE = re.compile(r"(?<=[.!?])\s+")


def beir(folder):
    """Documents {"id", "title", "text"} and questions of a folder in the BEIR layout."""
    folder = pathlib.Path(folder)

    def lines(name):
        with open(folder / name, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.strip()]

    documents = [
        {"id": str(row["_id"]), "title": row.get("title", ""), "text": row["text"]}
        for row in lines("corpus.jsonl")
        if row["text"].strip()
    ]
    return documents, [row["text"] for row in lines("queries.jsonl")]


def made_up(count, seed=7, words=30_000):
    """English-like documents from invented words whose frequencies fall as in real text (Zipf)."""
    chance = random.Random(seed)
    syllables = [c + v for c in "bcdfghklmnprstvw" for v in ("a", "e", "i", "o", "u", "ar", "en", "il", "on")]
    vocabulary = list({"".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(words)})
    vocabulary.sort()
    chance.shuffle(vocabulary)
    weights = [1 / (rank + 2.7) for rank in range(len(vocabulary))]

    def sentence():
        picked = chance.choices(vocabulary, weights, k=chance.randint(8, 24))
        return " ".join(picked).capitalize() + "."

    documents = []
    for number in range(count):
        text = " ".join(sentence() for _ in range(chance.randint(4, 9)))
        documents.append({"id": f"m{number}", "title": " ".join(chance.choices(vocabulary, weights, k=4)), "text": text})
    questions = []
    for document in chance.sample(documents, min(2_000, count)):
        picked = chance.sample(document["text"].lower().replace(".", "").split(), 7)
        questions.append(" ".join(picked))
    return documents, questions


def grow(documents, count, seed=7):
    """The documents, and new ones mixed from their sentences until there are `count`.

    A mixed document is as long as a real one and takes its sentences from four others, so that no two are equal,
    lengths and word frequencies stay what they were, and every question has many half-right candidates. A few
    invented words a document let the vocabulary grow as it does in a larger collection.
    """
    chance = random.Random(seed)
    sentences = [SENTENCE.split(document["text"]) for document in documents]
    grown = list(documents[:count])
    while len(grown) < count:
        number = len(grown)
        sources = [chance.choice(sentences) for _ in range(4)]
        wanted = len(chance.choice(sentences))
        text = [chance.choice(chance.choice(sources)) for _ in range(max(1, wanted))]
        text.append(f"Reference {invented(chance)} of {invented(chance)}, item {number}.")
        grown.append({"id": f"g{number}", "title": chance.choice(documents)["title"], "text": " ".join(text)})
    return grown


def invented(chance):
    return "".join(chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(chance.randint(3, 5)))
