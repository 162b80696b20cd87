//! Runs and fits evaluations without the executable, for work on the engine.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::expect_used, clippy::indexing_slicing)]

use std::{path::PathBuf, sync::Arc, time::Duration};

use quarry_core::{Access, SystemClock, TenantId};
use quarry_engine::{Engine, EngineSettings, Mode, Parts, RankerChoice, engine::Embedders, eval};
use quarry_index::local::LocalIndex;
use quarry_models::{Embedder, EmbedderSettings, ModelError};
use quarry_store::{Store, StoreConfig};

struct Opened(Arc<dyn Embedder>);

impl Embedders for Opened {
    fn default_id(&self) -> &str {
        &self.0.info().id
    }
    fn open(&self, _: &str) -> Result<Arc<dyn Embedder>, ModelError> {
        Ok(Arc::clone(&self.0))
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let data = PathBuf::from(&arguments[1]);
    std::fs::create_dir_all(&data).unwrap();
    let clock = Arc::new(SystemClock);
    let config = StoreConfig {
        url: format!("sqlite://{}/quarry.db", data.display()),
        max_connections: 4,
        acquire_timeout: Duration::from_secs(5),
        blobs: data.join("blobs"),
    };
    let model = quarry_models::open(&EmbedderSettings::default(), &data.join("models")).unwrap();
    let engine = Engine::start(Parts {
        store: Store::open(&config, clock.clone()).await.unwrap(),
        index: Arc::new(LocalIndex::new(data.join("index"), Default::default())),
        embedders: Arc::new(Opened(model)),
        settings: EngineSettings::default(),
        clock,
    })
    .await
    .unwrap();
    let access = Access::system(TenantId::ROOT, "lab");
    let folders: Vec<PathBuf> = arguments[2..].iter().map(PathBuf::from).collect();
    if arguments[0] == "fit" {
        let options = eval::FitOptions { datasets: folders, passages: 10 };
        let report = eval::fit(&engine, &access, &options, &|_, _, _| {}).await.unwrap();
        println!("{}", serde_json::to_string_pretty(&report).unwrap());
    } else {
        for (place, folder) in folders.iter().enumerate() {
            let options = eval::RunOptions {
                dataset: folder.clone(),
                mode: match arguments[0].as_str() {
                    "lexical" => Mode::Lexical,
                    "dense" => Mode::Dense,
                    _ => Mode::Hybrid,
                },
                ranker: RankerChoice::Linear,
                limit: None,
                foreign: Some(folders[(place + 1) % folders.len()].clone()),
            };
            let mut report = eval::run(&engine, &access, &options, &|_, _, _| {}).await.unwrap();
            report.per_query.clear();
            println!("{}", serde_json::to_string(&report).unwrap());
        }
    }
    engine.stop(Duration::from_secs(10)).await;
}
