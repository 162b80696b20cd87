//! Reading a data set in the BEIR layout: `corpus.jsonl`, `queries.jsonl`, `qrels/test.tsv` and, where there is one,
//! `answers.jsonl`.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use quarry_core::{ErrorKind, Fault};
use serde::{Deserialize, de::DeserializeOwned};

/// A data set, in memory.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The folder's name.
    pub name: String,
    /// The documents.
    pub corpus: Vec<Passage>,
    /// The questions that have judgements.
    pub queries: Vec<Question>,
}

/// One document.
#[derive(Clone, Debug, Deserialize)]
pub struct Passage {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: String,
    /// Its title, which may be empty.
    #[serde(default)]
    pub title: String,
    /// Its text.
    pub text: String,
}

/// One question.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Its id.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// Gain of each relevant document.
    pub gains: HashMap<String, f64>,
    /// Gold answers; empty where the set has none.
    pub answers: Vec<String>,
}

#[derive(Deserialize)]
struct QueryLine {
    #[serde(rename = "_id")]
    id: String,
    text: String,
}

#[derive(Deserialize)]
struct AnswerLine {
    #[serde(rename = "_id")]
    id: String,
    answers: Vec<String>,
}

/// Why a data set cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {problem}", .path.display(), .line.map(|line| format!(" line {line}")).unwrap_or_default())]
pub struct DatasetError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: Option<usize>,
    /// A sentence.
    pub problem: String,
}

impl Fault for DatasetError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }

    fn code(&self) -> &'static str {
        "invalid_dataset"
    }
}

impl Dataset {
    /// Reads a folder.
    ///
    /// # Errors
    /// The first file or line that cannot be read, with its place.
    pub fn read(folder: &Path) -> Result<Self, DatasetError> {
        let name = folder
            .file_name()
            .map_or_else(|| "dataset".to_owned(), |name| name.to_string_lossy().into_owned());
        // Some sets have passages without a text; nothing in them can be found.
        let mut corpus: Vec<Passage> = lines(&folder.join("corpus.jsonl"))?;
        corpus.retain(|passage| !passage.text.trim().is_empty());
        let mut gains = judgements(&folder.join("qrels").join("test.tsv"))?;
        let answers_file = folder.join("answers.jsonl");
        let answers: Vec<AnswerLine> = if answers_file.exists() { lines(&answers_file)? } else { Vec::new() };
        let mut answers: HashMap<String, Vec<String>> =
            answers.into_iter().map(|line| (line.id, line.answers)).collect();
        let queries: Vec<QueryLine> = lines(&folder.join("queries.jsonl"))?;
        let queries = queries
            .into_iter()
            .filter_map(|line| {
                let gains = gains.remove(&line.id)?;
                let answers = answers.remove(&line.id).unwrap_or_default();
                Some(Question { id: line.id, text: line.text, gains, answers })
            })
            .collect();
        Ok(Self { name, corpus, queries })
    }
}

/// Reads only the questions of a folder: another set's, to be put to this collection.
pub(super) fn questions(folder: &Path) -> Result<Vec<String>, DatasetError> {
    let queries: Vec<QueryLine> = lines(&folder.join("queries.jsonl"))?;
    Ok(queries.into_iter().map(|line| line.text).collect())
}

fn open(path: &Path) -> Result<BufReader<File>, DatasetError> {
    File::open(path).map(BufReader::new).map_err(|error| DatasetError {
        path: path.to_owned(),
        line: None,
        problem: format!("cannot be opened: {error}"),
    })
}

fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, DatasetError> {
    let mut rows = Vec::new();
    for (number, line) in open(path)?.lines().enumerate() {
        let wrong = |problem: String| DatasetError { path: path.to_owned(), line: Some(number + 1), problem };
        let line = line.map_err(|error| wrong(error.to_string()))?;
        if !line.trim().is_empty() {
            rows.push(serde_json::from_str(&line).map_err(|error| wrong(error.to_string()))?);
        }
    }
    Ok(rows)
}

type Gains = HashMap<String, HashMap<String, f64>>;

fn judgements(path: &Path) -> Result<Gains, DatasetError> {
    let mut gains = Gains::new();
    for (number, line) in open(path)?.lines().enumerate() {
        let wrong = |problem: String| DatasetError { path: path.to_owned(), line: Some(number + 1), problem };
        let line = line.map_err(|error| wrong(error.to_string()))?;
        if line.trim().is_empty() || (number == 0 && line.starts_with("query-id")) {
            continue;
        }
        let mut fields = line.split('\t');
        let (Some(query), Some(document), Some(score)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(wrong("expected `query-id<TAB>corpus-id<TAB>score`".to_owned()));
        };
        let score: f64 = score.trim().parse().map_err(|_| wrong(format!("`{score}` is not a number")))?;
        if score > 0.0 {
            gains.entry(query.to_owned()).or_default().insert(document.to_owned(), score);
        }
    }
    Ok(gains)
}
