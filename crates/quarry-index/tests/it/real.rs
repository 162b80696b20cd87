//! The screen on the embedded model's vectors of real texts, where the evaluation sets are at hand.

use std::{collections::HashMap, path::Path};

use quarry_index::{IndexSettings, testing::contract};

use crate::{dense, support::Local};

/// The table and a rough tokenizer: whole words first, then the longest pieces. Near enough to the real one for
/// vectors that are distributed like its.
struct Table {
    vocabulary: HashMap<String, usize>,
    rows: Vec<u8>,
    scales: Vec<f32>,
}

impl Table {
    fn open(folder: &Path) -> Option<Self> {
        let file = std::fs::read(folder.join("model.safetensors")).ok()?;
        let header = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        let body = &file[8 + header..];
        let tokenizer: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.join("tokenizer.json")).ok()?).unwrap();
        let vocabulary: HashMap<String, usize> = tokenizer["model"]["vocab"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(token, id)| (token.clone(), id.as_u64().unwrap() as usize))
            .collect();
        let count = vocabulary.len();
        let scales = body[..count * 4]
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        Some(Self { vocabulary, rows: body[count * 4..].to_vec(), scales })
    }

    fn embed(&self, text: &str) -> Option<Vec<f32>> {
        let mut sum = vec![0.0_f32; 256];
        for word in text
            .to_lowercase()
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|w| !w.is_empty())
        {
            let word = format!("\u{120}{word}");
            let letters: Vec<char> = word.chars().collect();
            let mut start = 0;
            while start < letters.len() {
                let piece = (start + 1..=letters.len()).rev().find_map(|end| {
                    let id = self.vocabulary.get(&letters[start..end].iter().collect::<String>())?;
                    Some((end, *id))
                });
                let Some((end, id)) = piece else { break };
                for (total, number) in sum.iter_mut().zip(&self.rows[id * 256..]) {
                    *total += f32::from(*number as i8) * self.scales[id];
                }
                start = end;
            }
        }
        let norm = sum.iter().map(|number| number * number).sum::<f32>().sqrt();
        (norm > 0.0).then(|| sum.into_iter().map(|number| number / norm).collect())
    }
}

/// Texts of one file, one JSON object a line.
fn texts(path: &Path) -> Vec<String> {
    let Ok(file) = std::fs::read_to_string(path) else { return Vec::new() };
    file.lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["text"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[tokio::test]
async fn the_screen_loses_little_on_real_vectors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (sets, model) = (root.join("../shared/eval"), root.join("models/static-en-256"));
    let names = ["squad", "covidqa", "cranfield", "mtragpool-clapnq", "mtragpool-fiqa", "codebase"];
    let Some(table) = Table::open(&model).filter(|_| sets.join("squad").exists()) else {
        println!("skipped: the evaluation sets or the model are not here");
        return;
    };
    let mut vectors = Vec::new();
    let mut questions = Vec::new();
    for name in names {
        // Halves of passages too: more vectors, and closer ones.
        for text in texts(&sets.join(name).join("corpus.jsonl")) {
            let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(place, _)| place);
            vectors.extend(
                [&text[..], &text[..middle], &text[middle..]].iter().filter_map(|part| table.embed(part)),
            );
        }
        questions.extend(
            texts(&sets.join(name).join("queries.jsonl"))
                .iter()
                .step_by(7)
                .take(30)
                .filter_map(|text| table.embed(text)),
        );
    }
    let scope = contract::scope();
    let exact = Local::new(IndexSettings { screen_from: usize::MAX, ..IndexSettings::default() });
    let fast = Local::new(IndexSettings { screen_from: 1_000, ..IndexSettings::default() });
    for local in [&exact, &fast] {
        dense::fill(local, &scope, &vectors, 1).await;
    }
    let all = dense::recall(&exact, &fast, &scope, &questions, None).await;
    let some = dense::recall(&exact, &fast, &scope, &questions, Some(&dense::third())).await;
    println!("recall at 100 of {} vectors: {all:.4}, filtered {some:.4}", vectors.len());
    assert!(all > 0.97 && some > 0.97, "recall {all:.3}, filtered {some:.3}");
}
