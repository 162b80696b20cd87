//! Pages as sites make them: the content comes through, what is around it does not.

use quarry_parse::BlockKind;

use crate::support::{outline, read};

fn page(head: &str, body: &str) -> quarry_parse::Parsed {
    read("a.html", format!("<!doctype html><html><head>{head}</head><body>{body}</body></html>").as_bytes())
        .unwrap()
}

const PROSE: &str =
    "Ducks are birds that live on ponds and rivers all over the world, and they swim very well indeed. ";

fn prose(times: usize) -> String {
    format!("<p>{}</p>", PROSE.repeat(3)).repeat(times)
}

#[test]
fn menus_banners_and_feet_are_left_out_of_short_and_long_pages() {
    for times in [1, 12] {
        let body = format!(
            "<div id='cookie-banner'>We use cookies. <a href=x>Agree</a></div>
            <header><div class='main-menu'><a href=/>Home</a> <a href=/b>Blog</a></div></header>
            <div class=breadcrumbs><a href=/>Start</a> / <a href=/birds>Birds</a></div>
            <article><h1>On ducks</h1>{}<aside><p>A remark that belongs to the text.</p></aside></article>
            <div class='sidebar'><ul><li><a href=1>Other post one</a><li><a href=2>Other post two</a></ul></div>
            <div role=dialog>Sign up now</div><footer>Imprint and privacy</footer>",
            prose(times)
        );
        let parsed = page("<title>t</title>", &body);
        for absent in ["cookies", "Blog", "Start", "Other post", "Sign up", "Imprint"] {
            assert!(!parsed.text.contains(absent), "{times}: {absent} in {}", parsed.text);
        }
        for present in ["On ducks", "swim very well", "A remark that belongs"] {
            assert!(parsed.text.contains(present), "{times}: no {present} in {}", parsed.text);
        }
    }
}

#[test]
fn a_name_alone_makes_nothing_a_menu() {
    let body = format!("<div class='menu-page'><h1>Our menu</h1><p>Soup of the day.</p>{}</div>", prose(2));
    assert!(page("", &body).text.contains("Soup of the day."));
    let body = "<h1>How to bake cookies</h1><div class='cookie-recipe'><p>".to_owned()
        + &PROSE.repeat(20)
        + "</p></div>";
    assert!(page("", &body).text.contains("swim very well"));
}

#[test]
fn a_page_that_is_all_furniture_counts_with_it() {
    let body = "<nav><a href=1>The first link</a> <a href=2>The second link</a></nav><p>Site</p>";
    assert!(page("", body).text.contains("The second link"));
}

#[test]
fn nothing_is_lost_where_the_main_content_is_many_parts() {
    let rows: String =
        (0..30).map(|row| format!("<tr><td>name {row}</td><td>value {row}</td></tr>")).collect();
    let body =
        format!("<div>{}</div><div><table><tr><th>N</th><th>V</th></tr>{rows}</table></div>", prose(3));
    let parsed = page("", &body);
    assert!(parsed.text.contains("name 29 | value 29"), "{}", parsed.text);
    let sections: String = (0..8)
        .map(|part| {
            format!("<section><h2>Part {part}</h2>{}<pre>code {part}\n  two</pre></section>", prose(1))
        })
        .collect();
    let parsed = page("", &sections);
    for part in 0..8 {
        assert!(
            parsed.text.contains(&format!("Part {part}"))
                && parsed.text.contains(&format!("code {part}\n  two"))
        );
    }
}

#[test]
fn listings_keep_their_lines_and_lose_their_line_numbers() {
    let body = "<table class=highlight><tr><td class=gutter><pre>1\n2</pre></td><td class=code><pre>let a = 1;\n  let b = 2;</pre></td></tr></table>\
                <pre><code class=language-py><div>def f():</div><div>    return 1</div></code></pre><pre>x<br>y</pre>";
    assert_eq!(
        outline(&page("", body)),
        "Code: let a = 1;\n  let b = 2;\nCode: def f():\n    return 1\nCode: x\ny"
    );
}

#[test]
fn definitions_stay_with_their_terms() {
    let body = "<dl><dt>Duck</dt><dd>A bird.</dd><dt>Goose:<dd><p>A larger bird.</p><dt>Alone</dl>";
    let expected = "ListItem: Duck: A bird.\nListItem: Goose: A larger bird.\nListItem: Alone";
    assert_eq!(outline(&page("", body)), expected);
}

#[test]
fn a_table_in_a_cell_is_part_of_its_cell() {
    let body = "<table><tr><th>Name<th>Sounds</tr><tr><td>Duck<td><table><tr><td>loud<td>quack</tr><tr><td>soft<td>peep</tr></table></tr></table>";
    let parsed = page("", body);
    let expected = "TableRow { table: 1, header: true }: Name | Sounds\n\
                    TableRow { table: 1, header: false }: Duck | loud, quack; soft, peep";
    assert_eq!(outline(&parsed), expected);
    let long = format!("<td>{}</td>", PROSE.repeat(8));
    let layout =
        format!("<table><tr><td>left</td>{long}<td><table><tr><td>a<td>b</tr></table></td></tr></table>");
    let parsed = page("", &layout);
    assert!(parsed.blocks.iter().any(|block| block.kind == BlockKind::Paragraph), "{}", outline(&parsed));
    assert!(parsed.text.contains("a | b"));
}

#[test]
fn headings_of_every_kind_are_headings() {
    let body = "<h2>Two <a class=headerlink href=#x>¶</a></h2><div role=heading aria-level=3>Three</div><p>Text <span aria-hidden=true>→</span>here.";
    assert_eq!(outline(&page("", body)), "Heading(2): Two\nHeading(3): Three\nParagraph: Text here.");
}

#[test]
fn formulas_come_as_they_were_written() {
    let body = r"<p>So <math alttext='E = mc^2'><mi>E</mi></math> and <img class='mwe-math-fallback-image' alt='a^2'> hold.</p>
        <p><math><semantics><mi>x</mi><annotation encoding='application/x-tex'>\frac{1}{x}</annotation></semantics></math></p>";
    assert_eq!(outline(&page("", body)), "Paragraph: So E = mc^2 and a^2 hold.\nParagraph: \\frac{1}{x}");
}

#[test]
fn a_page_says_what_it_is() {
    let head = r#"<meta property="og:title" content="Shared title"><meta name=description content="About  ducks">
        <link rel="alternate canonical" href="https://example.org/ducks"><meta name=Author content="Ada">
        <script type="application/ld+json">{"@graph": [{"@type": "WebSite", "description": "no"},
        {"@type": "NewsArticle", "datePublished": "2024-05-06", "author": [{"name": "Bo"}, "Cy"], "dateModified": "2024-06-01"}]}</script>"#;
    let parsed = page(head, "<h1>Heading</h1><p>Text.</p>");
    assert_eq!(parsed.title.as_deref(), Some("Shared title"));
    let about = |key: &str| parsed.metadata.get(key).map(String::as_str);
    assert_eq!(
        [about("description"), about("canonical"), about("author"), about("created"), about("modified")],
        [
            Some("About ducks"),
            Some("https://example.org/ducks"),
            Some("Ada"),
            Some("2024-05-06"),
            Some("2024-06-01")
        ]
    );
    let titled = page("<title> The  title </title>", "<p>Text.<svg><title>icon</title></svg></p>");
    assert_eq!(titled.title.as_deref(), Some("The title"));
}

#[test]
fn xhtml_may_name_its_encoding_in_its_first_line() {
    let mut bytes = b"<?xml version=\"1.0\" encoding=\"windows-1251\"?><html><head></head><body><p>".to_vec();
    bytes.extend(encoding_rs::WINDOWS_1251.encode("Привет, мир").0.as_ref());
    bytes.extend(b"</p></body></html>");
    assert_eq!(read("a.xhtml", &bytes).unwrap().text, "Привет, мир");
}

#[test]
fn elements_in_each_other_by_the_thousand_end_soon() {
    for (open, close) in [
        ("<div class=menu aria-hidden=true>", "</div>"),
        ("<table><tr><td>a<td>", "</table>"),
        ("<table><tr><th>a<td>", "</table>"),
        ("<dl><dt>a<dd>", "</dl>"),
        ("<aside class='cookie sidebar'>", "</aside>"),
    ] {
        // What took the square of this would not end within the time that a test gets.
        let filler = "<span></span>".repeat(4_000) + &PROSE.repeat(100);
        let body = format!("{}{filler}{}", open.repeat(600), close.repeat(600));
        let read = read("a.html", format!("<html><body>{body}</body></html>").as_bytes());
        assert!(read.is_ok() || read.is_err_and(|error| error.to_string().contains("limit")), "{open}");
    }
}
