#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::{SseReader, SseTooLarge};

type Events = Vec<(String, String)>;

fn read(pieces: &[&[u8]], limit: usize) -> (Events, Result<(), SseTooLarge>) {
    let mut reader = SseReader::new(limit);
    let mut events = Vec::new();
    for piece in pieces {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if let Err(error) = reader.push(piece, |event| events.push((text(event.name), text(event.data)))) {
            return (events, Err(error));
        }
    }
    (events, Ok(()))
}

fn whole(text: &str) -> Events {
    let (events, end) = read(&[text.as_bytes()], 1024);
    end.unwrap();
    events
}

fn unnamed(data: &[&str]) -> Events {
    data.iter().map(|data| (String::new(), (*data).to_owned())).collect()
}

#[test]
fn fields_comments_and_line_ends_are_read_as_the_standard_says() {
    assert_eq!(whole("data: one\n\ndata:two\r\n\r\ndata: three\r\r"), unnamed(&["one", "two", "three"]));
    assert_eq!(whole("data:  two spaces\n\n"), unnamed(&[" two spaces"]));
    assert_eq!(whole(": keep-alive\n\nid: 4\nretry: 9\ndata: x\nunknown\n\n"), unnamed(&["x"]));
    assert_eq!(whole("data: a\ndata: b\ndata\n\n"), unnamed(&["a\nb\n"]));
    assert_eq!(whole("data\n\n"), unnamed(&[""]));
    assert_eq!(whole("event: error\ndata: x\n\ndata: y\n\n")[0], ("error".into(), "x".into()));
    assert_eq!(whole("event: error\ndata: x\n\ndata: y\n\n")[1], (String::new(), "y".into()));
    assert_eq!(whole("\u{feff}data: x\n\n"), unnamed(&["x"]));
    assert_eq!(whole("event: alone\n\ndata: never ended\n"), unnamed(&[]));
}

#[test]
fn what_was_not_ended_can_be_seen() {
    for (text, rest) in [("data: [DONE]", "[DONE]"), ("data: [DONE]\n", "[DONE]"), (": x", ""), ("", "")] {
        let mut reader = SseReader::new(100);
        reader.push(text.as_bytes(), |_| ()).unwrap();
        assert_eq!(reader.unfinished(), rest.as_bytes(), "{text:?}");
    }
}

#[test]
fn an_event_over_the_limit_is_refused_however_it_comes() {
    let long = format!("data: {}\n\n", "x".repeat(64));
    let endless = "x".repeat(80);
    let many = "data: 0123456789\n".repeat(10);
    for text in [long, endless, many] {
        assert!(read(&[text.as_bytes()], 64).1.is_err(), "{text:?}");
        let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert!(read(&single, 64).1.is_err(), "{text:?} byte by byte");
    }
    let fits = format!("data: {}\n\n", "x".repeat(58)).repeat(20);
    assert_eq!(read(&[fits.as_bytes()], 64).0.len(), 20, "the limit is one of events, not of streams");
}

/// Text that is likely to hit the reader's corners.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("data:".to_owned()),
        Just("data: ".to_owned()),
        Just("event: ".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\r".to_owned()),
        Just("\n\n".to_owned()),
        Just(": comment".to_owned()),
        Just("\u{feff}".to_owned()),
        "[a-zé:]{0,6}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

/// The standard, word by word and slowly, over the whole text.
fn model(bytes: &[u8]) -> Events {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut events = Vec::new();
    let (mut name, mut data): (String, Option<String>) = (String::new(), None);
    let mut lines: Vec<&str> = text.split('\n').collect();
    lines.pop();
    for line in lines {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match (line, field) {
            ("", _) => {
                if let Some(data) = data.take() {
                    events.push((name.clone(), data));
                }
                name.clear();
            }
            (_, "data") => {
                data = Some(data.map_or_else(|| value.to_owned(), |before| format!("{before}\n{value}")));
            }
            (_, "event") => value.clone_into(&mut name),
            _ => {}
        }
    }
    events
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_gives_the_same_events(
        bytes in stream(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        limit in 8_usize..200,
    ) {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read(&[&bytes], limit), read(&pieces, limit));
    }

    #[test]
    fn the_reader_agrees_with_the_standard(bytes in stream()) {
        prop_assert_eq!(read(&[&bytes], usize::MAX).0, model(&bytes));
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (_, end) = read(&[&bytes], 64);
        prop_assert!(end.is_ok() || end.is_err());
    }
}
