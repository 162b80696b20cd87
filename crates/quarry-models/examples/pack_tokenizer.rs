//! Packs the tokenizer file of the embedded table: `cargo run -p quarry-models --example pack_tokenizer`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/static-en-256");
    let json = std::fs::read_to_string(folder.join("tokenizer.json"))?;
    let packed = quarry_models::local::static_table::pack_tokenizer(&json)?;
    std::fs::write(folder.join("tokenizer.merges"), packed)?;
    Ok(())
}
