//! Parses the files whose paths stand on standard input, a line each, with a password behind a tab where one is
//! needed, and prints what came of each as a line of JSON. `--text` adds the text; `--times 3` parses each thrice.
//! For `bench/parse.py`, which measures speed and compares texts.
#![allow(clippy::print_stdout)]

use std::{error::Error, io::BufRead};

use quarry_parse::{Limits, Parsed, Source, parse};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let with_text = arguments.iter().any(|argument| argument == "--text");
    let behind = arguments.iter().skip_while(|argument| *argument != "--times").nth(1);
    let times: usize = behind.map_or(Ok(1), |times| times.parse())?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (path, password) =
            line.split_once('\t').map_or((line.as_str(), None), |(path, word)| (path, Some(word)));
        let bytes = std::fs::read(path)?;
        let source = Source { bytes: &bytes, name: path, media_type: None, password };
        let mut result = parse(&source, &Limits::default());
        for _ in 1..times {
            result = parse(&source, &Limits::default());
        }
        let answer = match result.and_then(Parsed::or_needs_ocr) {
            Ok(parsed) => json!({
                "file": path,
                "pages": parsed.pages,
                "characters": parsed.text.chars().count(),
                "title": parsed.title,
                "warnings": parsed.warnings,
                "text": with_text.then_some(parsed.text),
            }),
            Err(error) => json!({ "file": path, "error": error.to_string() }),
        };
        println!("{answer}");
    }
    Ok(())
}
