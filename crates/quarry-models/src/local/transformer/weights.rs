//! Weights from a mapped safetensors file.
#![allow(unsafe_code)] // Mapping a file; see `open`.

use std::path::Path;

use candle_core::{DType, Device, Result, Tensor, safetensors::MmapedSafetensors};

/// The tensors of one file, by name.
pub(super) struct Weights {
    file: MmapedSafetensors,
    prefix: &'static str,
}

impl Weights {
    pub(super) fn open(path: &Path) -> Result<Self> {
        // SAFETY: the mapping is only read, and lives until every tensor has been copied out of it. Installed files are
        // replaced by renaming, never rewritten in place, so the bytes under the mapping do not change.
        let file = unsafe { MmapedSafetensors::new(path)? };
        let prefix = if file.get("bert.embeddings.word_embeddings.weight").is_ok() { "bert." } else { "" };
        Ok(Self { file, prefix })
    }

    /// A tensor in single precision, whose shape must be as expected.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let tensor = self.file.load(&format!("{}{name}", self.prefix), &Device::Cpu)?.to_dtype(DType::F32)?;
        if tensor.dims() == shape {
            return Ok(tensor);
        }
        candle_core::bail!("`{name}` has the shape {:?}, expected {shape:?}", tensor.dims())
    }

    /// A vector of known length.
    pub(super) fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>> {
        self.tensor(name, &[length])?.to_vec1()
    }
}
