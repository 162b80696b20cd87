//! Real documents with expectations, where a checkout of them lies beside the repository.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use quarry_parse::{Limits, ParseError, Parsed, Source, parse};
use serde_json::Value;

/// Checks passed of checks made.
#[derive(Default)]
struct Score {
    passed: usize,
    of: usize,
    failed: Vec<String>,
}

impl Score {
    fn check(&mut self, passed: bool, what: impl FnOnce() -> String) {
        self.of += 1;
        if passed { self.passed += 1 } else { self.failed.push(what()) }
    }
}

/// The share of checks that must pass, in percent.
const FLOORS: &[(&str, usize)] = &[
    ("txt", 100),
    ("md", 100),
    ("html", 100),
    ("pdf", 85),
    ("docx", 98),
    ("pptx", 98),
    ("xlsx", 100),
    ("xls", 100),
    ("ods", 100),
    ("odt", 100),
    ("odp", 100),
    ("rtf", 100),
    ("epub", 100),
    ("eml", 100),
    ("msg", 100),
    ("archive", 100),
    ("csv", 100),
    ("tsv", 100),
    ("json", 100),
    ("jsonl", 100),
    ("xml", 100),
    ("ipynb", 100),
    ("srt", 100),
    ("vtt", 100),
    ("code", 100),
];

#[test]
fn real_documents_give_what_is_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let Ok(expectations) = fs::read(root.join("expectations.json")) else {
        println!("skipped: there are no fixtures beside the repository");
        return;
    };
    let expectations: BTreeMap<String, Value> = serde_json::from_slice(&expectations).unwrap();
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    for (path, expected) in &expectations {
        let format = path.split('/').nth(1).unwrap();
        let Some((format, _)) = FLOORS.iter().find(|(name, _)| *name == format) else { continue };
        judge(&root.join(path), expected, scores.entry(format).or_default());
    }
    for (format, score) in &scores {
        println!("{format:6} {:3} of {:3}", score.passed, score.of);
        score.failed.iter().for_each(|failure| println!("       {failure}"));
    }
    for (format, floor) in FLOORS {
        let score = &scores[format];
        assert!(
            score.passed * 100 >= score.of * floor,
            "{format}: {} of {} checks pass",
            score.passed,
            score.of
        );
    }
}

fn judge(path: &PathBuf, expected: &Value, score: &mut Score) {
    let bytes = fs::read(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let open = |password| {
        let source = Source { bytes: &bytes, name: &name, media_type: None, password };
        parse(&source, &Limits::default()).and_then(Parsed::or_needs_ocr)
    };
    let started = Instant::now();
    let result = open(None);
    let seconds = started.elapsed().as_secs_f64();
    score.check(seconds < 20.0, || format!("{name}: took {seconds:.1} s"));
    if let Ok(folder) = std::env::var("QUARRY_DUMP") {
        dump(Path::new(&folder), &name, &result, seconds);
    }
    let parsed = match (result, expected["outcome"].as_str(), expected["password"].as_str()) {
        (result, Some("bounded"), _) => {
            let says_so = match &result {
                Ok(parsed) => parsed.warnings.iter().any(|warning| warning.contains("limit")),
                Err(error) => matches!(error, ParseError::OverLimit { .. }),
            };
            score.check(says_so, || format!("{name}: does not say that it stopped"));
            return contents(&name, &result.unwrap_or_default(), expected, score);
        }
        (result, Some("ocr-needed"), _) => {
            return score.check(matches!(result, Err(ParseError::NeedsOcr { .. })), || {
                format!("{name}: {:?}", result.as_ref().map(|_| "text"))
            });
        }
        (result, Some(_), _) => {
            let empty = result.as_ref().map_or(true, |parsed| parsed.text.len() < 200);
            return score.check(empty, || format!("{name}: expected an error, got text"));
        }
        // Some documents have a password for editing only and open without.
        (Err(error), _, Some(password)) => {
            score.check(matches!(error, ParseError::Encrypted { .. }), || format!("{name}: {error}"));
            match open(Some(password)) {
                Ok(parsed) => parsed,
                Err(error) => return score.check(false, || format!("{name} with its password: {error}")),
            }
        }
        (Err(error), ..) => return score.check(false, || format!("{name}: {error}")),
        (Ok(parsed), ..) => parsed,
    };
    contents(&name, &parsed, expected, score);
}

fn contents(name: &str, parsed: &Parsed, expected: &Value, score: &mut Score) {
    let text = normal(&parsed.text);
    let strings = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    for phrase in strings(&expected["contains"]) {
        score.check(text.contains(&normal(&phrase)), || format!("{name}: no phrase `{phrase}`"));
    }
    for pair in expected["order"].as_array().into_iter().flatten() {
        let pair = strings(pair);
        let place = |phrase: &String| text.find(&normal(phrase));
        let right = matches!((place(&pair[0]), place(&pair[1])), (Some(a), Some(b)) if a < b);
        score.check(right, || format!("{name}: order {pair:?}"));
    }
    for row in expected["tables"].as_array().into_iter().flatten().flat_map(|table| table.as_array().unwrap())
    {
        let cells = strings(row);
        let found = parsed.text.lines().any(|line| {
            let line = normal(line);
            let mut at = 0;
            cells.iter().all(|cell| {
                line[at..].find(&normal(cell)).map(|found| at += found + normal(cell).len()).is_some()
            })
        });
        score.check(found, || format!("{name}: no row {cells:?}"));
    }
    for attachment in strings(&expected["attachments"]) {
        let found = parsed.members.iter().any(|member| normal(&member.name) == normal(&attachment));
        let names = || parsed.members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>();
        score.check(found, || format!("{name}: no attachment `{attachment}` among {:?}", names()));
    }
    if let Some(pages) = expected["pages"].as_u64() {
        score.check(parsed.pages.map(u64::from) == Some(pages), || {
            format!("{name}: {:?} pages, not {pages}", parsed.pages)
        });
    }
    if let Some(title) = expected["title"].as_str() {
        let right = parsed.title.as_ref().is_some_and(|found| normal(found) == normal(title));
        score.check(right, || format!("{name}: title {:?}, not `{title}`", parsed.title));
    }
}

fn normal(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let ignored = |letter: &char| !matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let text: String = text.nfkc().filter(ignored).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes what was read, for a look by eye: `QUARRY_DUMP=folder cargo test -p quarry-parse fixtures`.
fn dump(folder: &Path, name: &str, result: &Result<Parsed, ParseError>, seconds: f64) {
    let text = match result {
        Ok(parsed) => {
            let blocks: Vec<String> = parsed
                .blocks
                .iter()
                .map(|block| {
                    format!(
                        "{:?} p{:?}: {}",
                        block.kind,
                        block.page.unwrap_or(0),
                        &parsed.text[block.range.clone()]
                    )
                })
                .collect();
            format!(
                "{:?} {:?} {:?} {:?}\n{:#?}\n{}",
                parsed.title,
                parsed.pages,
                parsed.metadata,
                parsed.warnings,
                parsed.members,
                blocks.join("\n")
            )
        }
        Err(error) => error.to_string(),
    };
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(format!("{name}.txt")), format!("{seconds:.4} s\n{text}")).unwrap();
}
