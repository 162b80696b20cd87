//! A local engine in a temporary folder, and random data.

use std::path::PathBuf;

use async_trait::async_trait;
use quarry_core::Scope;
use quarry_index::{Index, IndexSettings, LocalIndex, testing::contract::Subject};

pub struct Local {
    pub index: LocalIndex,
    pub settings: IndexSettings,
    pub folder: tempfile::TempDir,
}

impl Local {
    pub fn new(settings: IndexSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { index: LocalIndex::new(folder.path(), settings.clone()), settings, folder }
    }

    /// Lets go of everything without a commit, and starts again.
    pub async fn reopen(&mut self) {
        self.index.close().await;
        self.index = LocalIndex::new(self.folder.path(), self.settings.clone());
    }

    pub fn shard(&self, scope: &Scope) -> PathBuf {
        self.folder
            .path()
            .join(scope.tenant.to_string())
            .join(scope.collection.to_string())
            .join(format!("g{}", scope.generation))
    }
}

#[async_trait]
impl Subject for Local {
    fn index(&self) -> &dyn Index {
        &self.index
    }

    async fn crash(&mut self) {
        self.reopen().await;
    }
}

/// Small, fast and the same every time.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Roughly normal.
    pub fn normal(&mut self) -> f32 {
        (0..6).map(|_| (self.next() >> 40) as f32 / (1 << 24) as f32 - 0.5).sum::<f32>() * 1.4
    }

    pub fn vector(&mut self, dimension: usize) -> Vec<f32> {
        normalised((0..dimension).map(|_| self.normal()).collect())
    }

    /// Somewhere around `centre`; a spread of 1 is at about 45 degrees.
    pub fn around(&mut self, centre: &[f32], spread: f32) -> Vec<f32> {
        let step = spread / (centre.len() as f32).sqrt();
        normalised(centre.iter().map(|number| number + self.normal() * step).collect())
    }
}

fn normalised(mut vector: Vec<f32>) -> Vec<f32> {
    let norm = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|number| *number /= norm);
    vector
}
