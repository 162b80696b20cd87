//! A short form of the crash test: what was stored before a kill is there after it, once, and the index agrees.

use std::{
    collections::HashSet,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::harness::Home;

#[test]
fn a_kill_in_the_middle_of_an_ingestion_leaves_nothing_half_done() {
    let home = Home::new();
    let sentence = "The harbour master noted wind, tide and the names of all ships that came in. ";
    for number in 0..400 {
        let text = format!("# Entry {number}\n\n{}\n", sentence.repeat(20 + number % 7));
        home.write(&format!("docs/{number:03}.md"), text);
    }
    for round in 0..4_u32 {
        let mut command = home.command(&["ingest", "docs"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let started = Instant::now();
        // Killed at another stage each time: while the folder is made, while documents are stored, while they are indexed.
        while started.elapsed() < Duration::from_millis(60 * u64::from(1 + round * round)) {
            if child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::yield_now();
        }
        drop(child.kill());
        child.wait().unwrap();
    }
    let report = home.quarry(&["ingest", "docs", "--json"]).code(0).json();
    assert_eq!(report["documents"], 400);
    let verified = home.quarry(&["index", "verify", "--json"]).code(0).json();
    assert_eq!(verified["clean"], true, "{verified}");
    let listed = home.quarry(&["documents", "list", "--limit", "500", "--json"]).code(0).json();
    let sources: HashSet<&str> =
        listed["items"].as_array().unwrap().iter().map(|item| item["source"].as_str().unwrap()).collect();
    assert_eq!((sources.len(), listed["items"].as_array().unwrap().len()), (400, 400));
}
