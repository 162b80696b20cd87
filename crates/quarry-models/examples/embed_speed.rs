//! Texts a CPU second: `cargo run --release -p quarry-models --example embed_speed -- CORPUS.jsonl [MODEL_FOLDER]`.
//!
//! Reads the texts of a `corpus.jsonl`, embeds them in batches with one thread and prints what the whole process used.
#![allow(clippy::print_stdout)] // Its output is its purpose.

use std::{error::Error, path::Path, time::Instant};

use quarry_models::{EmbedRequest, Embedder, Purpose, StaticTable, catalog, local::transformer::Transformer};

/// Processor seconds of this process so far, from the kernel's count in hundredths.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

async fn measure(embedder: &dyn Embedder, texts: &[&str]) -> Result<(), Box<dyn Error>> {
    let tokens: usize = texts.iter().map(|text| embedder.count_tokens(text)).sum();
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    for batch in texts.chunks(256) {
        embedder.embed(EmbedRequest { texts: batch, purpose: Purpose::Document }).await?;
    }
    let (cpu, wall) = (cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    let (count, length) = (texts.len() as f64, tokens as f64 / texts.len() as f64);
    println!("{}: {count} texts of {length:.0} tokens, {:.0} a CPU second", embedder.info().id, count / cpu);
    println!("  {cpu:.2} s of CPU, {wall:.2} s of time; {:.0} tokens a CPU second", tokens as f64 / cpu);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let corpus = std::fs::read_to_string(arguments.next().ok_or("which corpus.jsonl?")?)?;
    let texts: Vec<String> = corpus
        .lines()
        .filter_map(|line| {
            serde_json::from_str::<serde_json::Value>(line).ok()?.get("text")?.as_str().map(str::to_owned)
        })
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();

    let started = Instant::now();
    let table = StaticTable::new()?;
    println!("static table loaded in {:.1} ms", started.elapsed().as_secs_f64() * 1000.0);
    let many: Vec<&str> = texts.iter().copied().cycle().take(20_000.max(texts.len())).collect();
    measure(&table, &many).await?;
    if let Some(folder) = arguments.next() {
        let started = Instant::now();
        let info = catalog::get("all-minilm-l6-v2")?.info();
        let transformer = Transformer::load(&info, Path::new(&folder), 1)?;
        println!("transformer loaded in {:.0} ms", started.elapsed().as_secs_f64() * 1000.0);
        measure(&transformer, texts.get(..512).unwrap_or(&texts)).await?;
    }
    Ok(())
}
