//! Each target over seeds and random damage to them, on any compiler. Long enough to find what is plainly wrong.

type Target = fn(&[u8]);

const TARGETS: &[(&str, Target, &[&[u8]])] = &[
    ("parse", quarry_fuzz::parse, &[b"a.md\n# One\n\ntwo", b"a.csv\na,b\n1,2\n", b"x\n%PDF-1.4\n", b"a.xml\n<a><b/></a>"]),
    (
        "html",
        quarry_fuzz::html,
        &[
            b"<html><body><h1>A</h1><table><tr><th>a<td>b</table><ul><li>x</ul><dl><dt>t<dd>d</dl><pre>c</pre></body>",
            b"<table><tr><td rowspan=99999 colspan=2>a<table><tr><td>b</table></table><math alttext=x></math>",
        ],
    ),
    ("markdown", quarry_fuzz::markdown, &[b"# a\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n> q\n\n```\nc\n```\n- x\n  1. y\n"]),
    ("json", quarry_fuzz::json, &[br#"{"a": [1, {"b": null}], "c": "d", "rows": [{"x": 1}, {"x": 2}]}"#]),
    ("csv", quarry_fuzz::csv, &[b"a,b\n\"x\",\"y\n", b"sep=;\na;b\n1;2\n"]),
    ("rtf", quarry_fuzz::rtf, &[b"\\ansi{\\b bold}\\par \\u228? \\'e4 {\\*\\x y}}"]),
    ("eml", quarry_fuzz::eml, &[b"From: a@b\nSubject: =?utf-8?q?x?=\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b--\n"]),
    (
        "pdf",
        quarry_fuzz::pdf,
        &[
            b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n\
            3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R /Annots [7 0 R] >>\nendobj\n\
            4 0 obj\n<< /Length 44 >>\nstream\nBT /F1 12 Tf 72 700 Td (Hello there) Tj ET   \nendstream\nendobj\n\
            5 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>\nendobj\n\
            6 0 obj\n<< /First 8 0 R >>\nendobj\n7 0 obj\n<< /Subtype /Widget /FT /Tx /V (x) /Rect [1 2 3 4] /Parent 7 0 R >>\nendobj\n\
            8 0 obj\n<< /Title (Hello) /Next 8 0 R /First 8 0 R /Dest [3 0 R] >>\nendobj\n\
            trailer\n<< /Root 1 0 R /Size 9 >>\n",
        ],
    ),
    ("chunk", quarry_fuzz::chunk, &[b"\x00\x20\x04\x00# One\n\nSome words. More words here.\n\n- a\n- b\n", b"\x04\x10\x02\x01fn a() {\n    b();\n}\n\nfn c() {}\n"]),
    #[cfg(feature = "models")]
    ("react", quarry_fuzz::react, &[b"Thought: x\nAction: search\nAction Input: {\"q\": 1}\n", b"Answer: y [1]\n"]),
    #[cfg(feature = "models")]
    ("sse", quarry_fuzz::sse, &[b"event: a\ndata: b\r\n\r\n: c\ndata\n\ndata: x\rdata: y\r\r"]),
];

#[test]
fn every_target_survives_its_seeds_and_random_damage_to_them() {
    let rounds = std::env::var("QUARRY_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(300);
    let mut state = 7_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    for (name, target, seeds) in TARGETS {
        println!("{name}");
        target(b"");
        for seed in *seeds {
            target(seed);
            for _ in 0..rounds {
                let mut bytes = seed.to_vec();
                for _ in 0..1 + random() % 5 {
                    damage(&mut bytes, &mut random);
                }
                target(&bytes);
            }
        }
    }
}

/// Changes, doubles, moves or drops a few bytes.
fn damage(bytes: &mut Vec<u8>, random: &mut dyn FnMut() -> usize) {
    if bytes.is_empty() {
        return bytes.push(random() as u8);
    }
    let at = random() % bytes.len();
    let length = (1 + random() % 16).min(bytes.len() - at);
    match random() % 5 {
        0 => bytes[at] = random() as u8,
        1 => drop(bytes.drain(at..at + length)),
        2 => {
            let part = bytes[at..at + length].to_vec();
            let to = random() % bytes.len();
            bytes.splice(to..to, part.iter().cycle().take(part.len() * (1 + random() % 3)).copied());
        }
        3 => bytes.truncate(at),
        _ => bytes[at] ^= 1 << (random() % 8),
    }
}
