#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::Path;

use quarry_core::Fault;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{ENTRIES, Entry, ModelFile, Progress, PullSource, State, find, get, list, pull, remove, verify};
use crate::testing::{Reply, ScriptedServer};

const BODIES: [(&str, &[u8]); 2] = [("config.json", b"{\"a\": 1}"), ("model.safetensors", &[7; 600_000])];

/// A small model with the files of [`BODIES`].
fn model() -> &'static Entry {
    let files: Vec<ModelFile> = BODIES
        .iter()
        .map(|(name, body)| ModelFile {
            name,
            sha256: hex::encode(Sha256::digest(body)).leak(),
            bytes: body.len() as u64,
        })
        .collect();
    let entry = Entry {
        id: "tiny",
        repository: "owner/tiny",
        files: files.leak(),
        ..*find("all-minilm-l6-v2").unwrap()
    };
    Box::leak(Box::new(entry))
}

fn write(folder: &Path, bodies: &[(&str, &[u8])]) {
    std::fs::create_dir_all(folder).unwrap();
    for (name, body) in bodies {
        std::fs::write(folder.join(name), body).unwrap();
    }
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn the_catalogue_is_sound() {
    for entry in ENTRIES {
        assert_eq!(get(entry.id).unwrap().id, entry.id);
        assert!(entry.dimension > 0 && !entry.languages.is_empty() && !entry.licence.is_empty());
        for file in entry.files {
            assert_eq!(file.sha256.len(), 64);
            assert!(file.bytes > 0 && !file.name.contains(['/', '\\']));
        }
    }
    assert_eq!(get("nothing").unwrap_err().code(), "unknown_embedder");
}

#[tokio::test]
async fn a_folder_is_copied_listed_repaired_and_removed() {
    let (source, models) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(source.path(), &BODIES);
    let entry = model();
    assert_eq!(verify(entry, models.path()).unwrap_err().code(), "model_not_installed");
    let from = PullSource::Folder(source.path().to_owned());
    let mut steps = Vec::new();
    pull(entry, &from, models.path(), &mut |step| steps.push(step)).await.unwrap();
    assert_eq!(steps.last(), Some(&Progress { file: "model.safetensors", done: 600_008, total: 600_008 }));
    assert!(steps.is_sorted_by_key(|step| step.done));
    verify(entry, models.path()).unwrap();
    assert_eq!(names(&models), ["tiny"]);

    // Sound: nothing is read again, so the source may be gone. Damaged: it is replaced.
    let nowhere = PullSource::Folder(source.path().join("nowhere"));
    pull(entry, &nowhere, models.path(), &mut |_| ()).await.unwrap();
    std::fs::write(models.path().join("tiny/config.json"), "{\"a\": 2}").unwrap();
    assert_eq!(verify(entry, models.path()).unwrap_err().code(), "model_hash_mismatch");
    pull(entry, &from, models.path(), &mut |_| ()).await.unwrap();
    verify(entry, models.path()).unwrap();
    assert_eq!(names(&models), ["tiny"]);

    assert!(remove(entry, models.path()).unwrap());
    assert!(!remove(entry, models.path()).unwrap());
    assert!(names(&models).is_empty());
}

#[tokio::test]
async fn a_hub_is_asked_by_its_paths() {
    let models = tempfile::tempdir().unwrap();
    let server = ScriptedServer::routing(|request| {
        let body = BODIES.iter().find(|(name, _)| request.head.contains(&format!("/{name} ")));
        body.map_or_else(|| Reply::text(404, "no"), |(_, body)| Reply::bytes(200, body.to_vec()))
    })
    .await;
    pull(model(), &PullSource::Hub(server.url()), models.path(), &mut |_| ()).await.unwrap();
    verify(model(), models.path()).unwrap();
    let heads: Vec<String> = server.requests().into_iter().map(|request| request.head).collect();
    assert!(heads[0].starts_with("GET /v1/owner/tiny/resolve/main/config.json "), "{}", heads[0]);
}

#[tokio::test]
async fn a_wrong_or_missing_file_leaves_nothing() {
    let missing: &[(&str, &[u8])] = &[("config.json", b"{\"a\": 1}")];
    let other: &[(&str, &[u8])] = &[("config.json", b"{\"a\": 2}"), ("model.safetensors", BODIES[1].1)];
    let longer: &[(&str, &[u8])] = &[("config.json", b"{\"a\": 1} and more")];
    let cases = [
        (missing, "model_fetch_failed", "`model.safetensors` of the model `tiny` could not be fetched"),
        (other, "model_hash_mismatch", "`config.json` of the model `tiny` is not the expected file"),
        (longer, "model_fetch_failed", "it is longer than 8 bytes"),
    ];
    for (bodies, code, sentence) in cases {
        let (source, models) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(source.path(), bodies);
        let from = PullSource::Folder(source.path().to_owned());
        let error = pull(model(), &from, models.path(), &mut |_| ()).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(sentence), "{error}");
        assert!(names(&models).is_empty(), "{:?}", names(&models));
    }
    let models = tempfile::tempdir().unwrap();
    let server = ScriptedServer::replying(vec![Reply::text(404, "no")]).await;
    let error = pull(model(), &PullSource::Hub(server.url()), models.path(), &mut |_| ()).await.unwrap_err();
    assert!(error.to_string().ends_with("HTTP 404 Not Found"), "{error}");
    assert!(names(&models).is_empty());
}

#[tokio::test]
async fn what_is_built_in_is_neither_pulled_nor_removed() {
    let models = tempfile::tempdir().unwrap();
    let entry = get("static-en-256").unwrap();
    let error = pull(entry, &PullSource::default(), models.path(), &mut |_| ()).await.unwrap_err();
    assert_eq!(error.code(), "model_built_in");
    assert_eq!(remove(entry, models.path()).unwrap_err().code(), "model_built_in");
    let states: Vec<(&str, State)> =
        list(models.path()).into_iter().map(|(entry, state)| (entry.id, state)).collect();
    assert_eq!(states, [("static-en-256", State::BuiltIn), ("all-minilm-l6-v2", State::Available)]);
}
