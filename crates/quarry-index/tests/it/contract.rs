//! Both engines keep the contract.

use async_trait::async_trait;
use quarry_index::{
    Index, IndexSettings,
    testing::{
        MemoryIndex,
        contract::{Subject, index_contract},
    },
};

use crate::support::Local;

struct Memory(MemoryIndex);

#[async_trait]
impl Subject for Memory {
    fn index(&self) -> &dyn Index {
        &self.0
    }

    async fn crash(&mut self) {
        self.0.crash();
    }
}

#[tokio::test]
async fn the_memory_engine_keeps_the_contract() {
    index_contract(async || Box::new(Memory(MemoryIndex::new())) as Box<dyn Subject>).await;
}

#[tokio::test]
async fn the_local_engine_keeps_the_contract() {
    index_contract(async || Box::new(Local::new(IndexSettings::default())) as Box<dyn Subject>).await;
}

#[tokio::test]
async fn the_local_engine_keeps_the_contract_with_one_open_shard_and_the_screen_always_on() {
    let settings = IndexSettings { open_shards: 1, screen_from: 0, ..IndexSettings::default() };
    index_contract(async || Box::new(Local::new(settings.clone())) as Box<dyn Subject>).await;
}
