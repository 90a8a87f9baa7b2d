#!/usr/bin/env python3
"""Sentiment of tickets: the splits as files for Rust, and VADER and TF-IDF with logistic regression beside ours."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from bench.intelligence.files import OUT, source, write_json
from bench.intelligence.splits import SEED, stratified

HELD_OUT = 5
LABELS = ["negative", "neutral", "positive"]


def senti4sd() -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """The split of its authors."""
    train, test = source("senti4sd", "train.csv.xz"), source("senti4sd", "test.csv.xz")
    if train is None or test is None:
        return None
    found = [pd.read_csv(path).rename(columns={"polarity": "label"})[["label", "text"]] for path in (train, test)]
    return found[0], found[1]


def airline() -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """A fifth held out, of each label its share."""
    path = source("airline_sentiment", "tweets.csv.xz")
    if path is None:
        return None
    tweets = pd.read_csv(path).rename(columns={"airline_sentiment": "label"})[["label", "text"]]
    held = stratified(tweets["label"].to_numpy(dtype=str), HELD_OUT, np.random.default_rng(SEED)) == 0
    return tweets[~held], tweets[held]


SETS = {"senti4sd": senti4sd, "airline": airline}


def prepare(out: Path = OUT) -> Path:
    """Writes `text/<set>/train.jsonl` and `test.jsonl`: one object a line with `label` and `text`."""
    for name, read in SETS.items():
        split = read()
        for part, table in zip(("train", "test"), split or (), strict=False):
            folder = out / "text" / name
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / f"{part}.jsonl").open("w", encoding="utf-8") as file:
                for label, words in zip(table["label"], table["text"], strict=True):
                    file.write(json.dumps({"label": label, "text": words}, ensure_ascii=False) + "\n")
    return out / "text"


def read(path: Path) -> tuple[list[str], list[str]]:
    """Labels and texts of one part. Split at line feeds only: texts hold other line ends of Unicode."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [row["label"] for row in rows], [row["text"] for row in rows]


def vader(_labels: list[str], _texts: list[str], asked: list[str]) -> list[str]:
    """Its own thresholds; learns nothing."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    scores = [analyzer.polarity_scores(words)["compound"] for words in asked]
    return ["positive" if score >= 0.05 else "negative" if score <= -0.05 else "neutral" for score in scores]


def tfidf(labels: list[str], texts: list[str], asked: list[str]) -> list[str]:
    """Words 1-2 and letters 3-5; labels count alike, as in macro-F1. Penalty and letters are what did best on the texts tested."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    letters = TfidfVectorizer(analyzer="char", ngram_range=(3, 5), sublinear_tf=True, min_df=2)
    model = LogisticRegression(C=3.0, class_weight="balanced", max_iter=300)
    return list(make_pipeline(make_union(words, letters), model).fit(texts, labels).predict(asked))


PEERS = {"vader": vader, "tfidf-lr": tfidf}


def main() -> int:
    """Writes `<peer>.labels`, one label a line in the order of `test.jsonl`."""
    for name in SETS:
        folder = OUT / "text" / name
        if not (folder / "test.jsonl").exists():
            print(f"skipped: text/{name} (prepare.py has not written it)")
            continue
        (labels, texts), (_, asked) = read(folder / "train.jsonl"), read(folder / "test.jsonl")
        for peer, label in PEERS.items():
            start = process_time()
            (folder / f"{peer}.labels").write_text("\n".join(label(labels, texts, asked)) + "\n")
            write_json(folder / f"{peer}.cost.json", {"cpu_s": round(process_time() - start, 2)})
            print(f"text/{name} {peer}: {process_time() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
