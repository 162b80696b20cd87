//! For tests of engines and of whatever uses one: the contract suite and an engine that cannot be wrong.

pub mod contract;
pub mod memory;

pub use memory::MemoryIndex;
