//! What the analyzer makes of words, questions and sentences.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::{ChunkText, Language, QueryLanguages, VERSION, analyse_chunk, analyse_query, detect, sentences};
use crate::{Term, Terms};

fn language(code: &str) -> Language {
    Language::from_code(code).unwrap()
}

fn chunk(text: &str, code: &str) -> Terms {
    analyse_chunk(&ChunkText { title: "", headings: &[], text, language: language(code) })
}

fn stems(text: &str, code: &str) -> Vec<u32> {
    chunk(text, code).iter().map(Term::stem).collect()
}

/// Whether a question with `word` finds a chunk that holds `text`.
fn meets(word: &str, text: &str, code: &str) -> bool {
    let query = analyse_query(word, &QueryLanguages(vec![language(code)]));
    let held = stems(text, code);
    !query.terms.is_empty() && query.terms.iter().all(|term| held.contains(&term.stem))
}

#[test]
fn questions_find_other_forms() {
    for (code, word, text) in [
        ("eng", "running", "She runs."),
        ("eng", "company", "The companies' plans"),
        ("eng", "Obama", "Obama’s speech"),
        ("eng", "1000", "1,000 people"),
        ("eng", "cafe", "a café"),
        ("deu", "Häuser", "das Haus der Frau"),
        ("deu", "Strasse", "die Straße"),
        ("fra", "école", "l'école"),
        ("fra", "ecole", "l’École"),
        ("spa", "canción", "las canciones"),
        ("por", "livros", "um livro"),
        ("ita", "università", "dell'università"),
        ("nld", "boeken", "het boek"),
        ("swe", "flickorna", "en flicka"),
        ("dan", "husene", "huset"),
        ("nob", "bøkene", "en boken"),
        ("fin", "talossa", "talo"),
        ("hun", "házak", "a ház"),
        ("ron", "copiilor", "copii"),
        ("tur", "evler", "ev"),
        ("rus", "книги", "новая книга"),
        ("rus", "ежик", "ёжик"),
        ("ell", "οδός", "της οδού"),
        ("pol", "wydawnictwo", "wydawnictwa naukowe"),
        ("ces", "republika", "republiky"),
        ("ukr", "українська", "українською"),
        ("ara", "المدارس", "مَدارِس"),
        ("ara", "مدرسة", "المدرسه"),
        ("hin", "लड़कों", "लड़का"),
        ("pes", "کتاب", "كتاب"),
        ("heb", "ספר", "ספר חדש"),
        ("kor", "한국", "한국어는"),
        ("cmn", "北京大学", "他在北京大学学习"),
        ("jpn", "東京", "東京都に住む"),
        ("tha", "ประเทศไทย", "ในประเทศไทยมี"),
        ("lao", "ປະເທດລາວ", "ໃນປະເທດລາວ"),
        ("khm", "កម្ពុជា", "ប្រទេសកម្ពុជា"),
        ("mya", "မြန်မာ", "မြန်မာနိုင်ငံ"),
        ("tam", "தமிழ்", "தமிழ் மொழி"),
        ("kat", "საქართველო", "საქართველო"),
        ("und", "ሰላም", "ሰላም ነው"),
        ("cmn", "ＡＢＣ１２", "使用abc12系统"),
    ] {
        assert!(meets(word, text, code), "{code}: {word} should find {text}");
    }
}

#[test]
fn code_is_found_by_whole_names_and_by_parts() {
    for (word, text) in [
        ("DiffExecutor", "pub struct DiffExecutor<A, B> {"),
        ("diff executor", "pub struct DiffExecutor<A, B> {"),
        ("has_observers", "fn has_observers(&self)"),
        ("observers", "fn has_observers(&self)"),
        ("http server", "class HTTPServer:"),
        ("requests.get", "r = requests.get(url)"),
        ("requests", "r = requests.get(url)"),
        ("C++", "written in C++."),
        ("c#", "in C# and F#"),
        ("1.27.3", "since 1.27.3 of it"),
        ("2019-nCoV", "the 2019-nCoV outbreak"),
        ("nCoV", "the 2019-nCoV outbreak"),
        ("example.com", "see https://example.com/page"),
    ] {
        assert!(meets(word, text, "eng"), "{word} should find {text}");
    }
    assert_ne!(stems("C++", "eng"), stems("C", "eng"));
    assert_ne!(stems("C#", "eng"), stems("C", "eng"));
    assert!(stems("_____ . --- ''", "eng").is_empty());
}

#[test]
fn stop_words_are_dropped_but_counted() {
    let terms: Vec<Term> = chunk("The cat sat on the mat. Dogs bark", "eng").iter().collect();
    let shape: Vec<(u8, u8)> = terms.iter().map(|term| (term.gap(), term.flags())).collect();
    let first = Term::SENTENCE;
    assert_eq!(shape, [(2, first), (1, 0), (3, 0), (1, first), (1, 0)]);
}

#[test]
fn title_and_headings_come_first() {
    let headings = ["Getting started".to_owned(), "Install".to_owned()];
    let input =
        ChunkText { title: "The Manual", headings: &headings, text: "Run it.", language: Language::ENGLISH };
    let flags: Vec<u8> = analyse_chunk(&input).iter().map(Term::flags).collect();
    let (title, heading, first) = (Term::TITLE, Term::HEADING, Term::SENTENCE);
    assert_eq!(flags, [title | first, heading | first, heading, heading | first, first]);
}

#[test]
fn a_compound_stands_in_one_place() {
    let gaps: Vec<u8> = chunk("call DiffExecutor now", "eng").iter().map(Term::gap).collect();
    assert_eq!(gaps, [1, 1, 0, 1, 1]);
}

#[test]
fn a_question_of_stop_words_keeps_them() {
    let words = |text: &str| -> Vec<String> {
        let query = analyse_query(text, &QueryLanguages(vec![Language::ENGLISH]));
        query.terms.into_iter().map(|term| term.text).collect()
    };
    assert_eq!(words("What is it?"), ["What", "is", "it"]);
    assert_eq!(words("What does the executor do?"), ["executor"]);
    assert!(words(" ?! ").is_empty());
}

#[test]
fn the_collection_decides_the_language_of_short_questions() {
    let hint = |codes: &[&str]| QueryLanguages(codes.iter().map(|code| language(code)).collect());
    for (text, codes, expected) in [
        ("Panthers", &["deu", "eng"][..], "deu"),
        ("Wer hat die Verteidigung der Panthers gewonnen und wie?", &["eng"], "eng"),
        ("Who won the game and how was it for the team?", &["deu", "eng"], "eng"),
        ("北京", &["eng", "cmn"], "cmn"),
        ("Windows 11 ใช้ยังไง", &["eng", "tha"], "tha"),
        ("Что это?", &["eng", "ukr"], "ukr"),
        ("xyz", &[], "eng"),
    ] {
        assert_eq!(analyse_query(text, &hint(codes)).language, expected, "{text}");
    }
}

#[test]
fn languages_are_detected() {
    for (text, expected) in [
        ("The quick brown fox jumps over the lazy dog and runs away from it", "eng"),
        ("Die Verteidigung der Panthers gab nur 308 Punkte ab und belegte den sechsten Platz", "deu"),
        ("La défense des Panthers n'a cédé que 308 points et a terminé à la sixième place", "fra"),
        ("La defensa de los Panthers cedió solo 308 puntos y se clasificó en el sexto lugar", "spa"),
        ("Новая книга была в доме, но он не видел её", "rus"),
        ("لم يتخلى فريق بانثرز سوى عن 308 نقطة ليحتل المركز السادس في الدوري", "ara"),
        ("यह एक किताब है और वह मेज पर है", "hin"),
        ("黑豹队的防守只丢了 308分，在联赛中排名第六", "cmn"),
        ("東京は日本の首都です。とても大きい", "jpn"),
        ("한국어는 아름답다", "kor"),
        ("ทีมรับของแพนเธอร์ส", "tha"),
        ("ສະບາຍດີ", "lao"),
        ("សួស្តី", "khm"),
        ("မင်္ဂလာပါ", "mya"),
        ("Η γάτα είναι στο σπίτι", "ell"),
        ("quarry", "eng"),
        ("let mut x: Vec<u8> = Vec::new(); x.push(1); import com.example.Foo; fn de(la: u8) {}", "eng"),
        ("", "eng"),
        ("12345 !!", "eng"),
    ] {
        assert_eq!(detect(text).code(), expected, "{text}");
    }
}

#[test]
fn sentences_end_where_they_end() {
    for (text, code, expected) in [
        (
            "Dr. Smith went to Washington D.C. on Jan. 5, 2020. He paid $3.50 for it! \"Really?\" she asked.",
            "eng",
            &[
                "Dr. Smith went to Washington D.C. on Jan. 5, 2020.",
                "He paid $3.50 for it!",
                "\"Really?\" she asked.",
            ][..],
        ),
        (
            "The U.S. President met J. R. Tolkien. It was version 1.27.3, e.g. the last. End",
            "eng",
            &["The U.S. President met J. R. Tolkien.", "It was version 1.27.3, e.g. the last.", "End"],
        ),
        (
            "Am 3. Oktober war es z. B. so weit. Danach nicht.",
            "deu",
            &["Am 3. Oktober war es z. B. so weit.", "Danach nicht."],
        ),
        (
            "- one item\n- second item\n\n# Head\nText",
            "eng",
            &["- one item", "- second item", "# Head", "Text"],
        ),
        (
            "A paragraph that is wrapped at a certain width so that it goes on\nin the next line. Then new.",
            "eng",
            &[
                "A paragraph that is wrapped at a certain width so that it goes on\nin the next line.",
                "Then new.",
            ],
        ),
        ("fn main() {\n    run();\n}\n", "eng", &["fn main() {", "run();", "}"]),
        ("他来了。真的吗？是的！“好。”她说", "cmn", &["他来了。", "真的吗？", "是的！", "“好。”", "她说"]),
        ("यह एक है। वह दो है।", "hin", &["यह एक है।", "वह दो है।"]),
        ("ما هذا؟ هذا كتاب.", "ara", &["ما هذا؟", "هذا كتاب."]),
        ("wing . the results were", "eng", &["wing .", "the results were"]),
        ("  \n ", "eng", &[]),
    ] {
        let found: Vec<&str> =
            sentences(text, language(code)).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected);
    }
}

/// Stored terms must mean the same after an update: when this fails, raise [`VERSION`].
#[test]
fn ids_are_pinned() {
    assert_eq!(VERSION, 1);
    let ids: Vec<u64> = ["running C++ code", "Häuser", "北京大学", "المدرسة", "ประเทศ"]
        .iter()
        .zip(["eng", "deu", "cmn", "ara", "tha"])
        .map(|(text, code)| {
            chunk(text, code).iter().fold(0_u64, |sum, term| sum.wrapping_mul(31).wrapping_add(term.packed()))
        })
        .collect();
    assert_eq!(ids, PINNED);
}

const PINNED: [u64; 5] = [
    15633433463164104708,
    15137120440908644612,
    4029556008988700676,
    13058325897167962372,
    10608710282837954940,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_analysed(text in "\\PC{0,300}|[a-zA-Z_.,'’\u{ad}\n ด็ก北\u{301}]{0,200}", code in "(eng|fra|deu|tur|ara|hin|tha|cmn|kor|pol|xyz)") {
        let terms = chunk(&text, &code);
        prop_assert_eq!(&terms, &chunk(&text, &code));
        let query = analyse_query(&text, &QueryLanguages(vec![language(&code)]));
        prop_assert!(query.terms.len() <= text.chars().count() * 2);
        prop_assert_eq!(detect(&text).code().len(), 3);
    }

    #[test]
    fn sentences_hold_every_character_once(text in "\\PC{0,300}|[a-zA-Z.!?\"\n\t -•。：๑ก1]{0,300}", code in "(eng|tha|deu)") {
        let ranges = sentences(&text, language(&code));
        let mut covered = 0;
        for range in ranges {
            prop_assert!(range.start < range.end && range.start >= covered);
            let between = &text[covered..range.start];
            prop_assert!(between.trim().is_empty(), "lost {between:?}");
            let inside = &text[range.clone()];
            prop_assert_eq!(inside.trim(), inside);
            covered = range.end;
        }
        prop_assert!(text[covered..].trim().is_empty());
    }
}
