//! Which elements of a page are not its content: what nobody sees, and what is the same on every page of a site.

use dom_query::NodeRef;

/// Elements that show no text of their own, and those that a page hides.
pub(super) fn is_hidden(node: &NodeRef<'_>, name: &str) -> bool {
    const NEVER: &[&str] = &[
        "script", "style", "noscript", "template", "svg", "head", "title", "iframe", "object", "canvas",
        "select", "button", "input", "audio", "video", "datalist",
    ];
    // Numbers of code lines, signs that only link to their own heading, and calls to edit a section.
    const CLASSES: &[&str] = &[
        "lineno",
        "linenos",
        "lineno-container",
        "line-numbers-rows",
        "gutter",
        "headerlink",
        "anchor-link",
        "header-anchor",
        "mw-editsection",
    ];
    NEVER.contains(&name)
        || node.has_attr("hidden")
        || node
            .attr("aria-hidden")
            .is_some_and(|value| &*value == "true" && text_length(node, 3, |_| true) <= 3)
        || node.class().is_some_and(|class| class.split_whitespace().any(|class| CLASSES.contains(&class)))
        || node.attr("style").is_some_and(|style| {
            let style: String = style.chars().filter(|letter| !letter.is_whitespace()).collect();
            let style = style.to_ascii_lowercase();
            style.contains("display:none") || style.contains("visibility:hidden")
        })
}

/// The parts around the content.
pub(super) fn is_furniture(node: &NodeRef<'_>, name: &str) -> bool {
    const ROLES: &[&str] =
        &["navigation", "banner", "contentinfo", "search", "dialog", "alertdialog", "menu", "menubar"];
    if matches!(name, "nav" | "dialog") || node.attr("role").is_some_and(|role| ROLES.contains(&&*role)) {
        return true;
    }
    match name {
        // The foot of an article or a quotation belongs to it.
        "footer" => !is_within(node, &["article", "blockquote"]),
        // A remark beside the text of an article is part of it, a list of links is not.
        "aside" => !is_within(node, &["article", "main"]) || is_links(node),
        "body" | "html" | "main" | "article" => false,
        _ => is_named_furniture(node),
    }
}

fn is_within(node: &NodeRef<'_>, names: &[&str]) -> bool {
    const FAR: usize = 32;
    node.ancestors_it(Some(FAR)).any(|above| names.iter().any(|name| above.has_name(name)))
}

/// Elements whose class or id calls them a banner or a menu. A name alone is not believed: a banner is short, and a
/// menu is made of links.
fn is_named_furniture(node: &NodeRef<'_>) -> bool {
    const BANNERS: &[&str] = &["cookie", "consent", "gdpr", "onetrust", "newsletter", "popup", "paywall"];
    const MENUS: &[&str] = &[
        "nav",
        "navbar",
        "navigation",
        "menu",
        "sidebar",
        "breadcrumb",
        "breadcrumbs",
        "footer",
        "toolbar",
        "pagination",
        "pager",
        "related",
        "share",
        "sharing",
        "social",
        "tags",
        "tagcloud",
        "skip",
    ];
    const LONGEST_BANNER: usize = 1_500;
    let names = [node.class(), node.id_attr()];
    let names: Vec<String> = names.into_iter().flatten().map(|name| name.to_ascii_lowercase()).collect();
    if names.is_empty() {
        return false;
    }
    let parts = || names.iter().flat_map(|name| name.split(|letter: char| !letter.is_ascii_alphanumeric()));
    let banner = parts().any(|part| BANNERS.contains(&part));
    let menu = parts().any(|part| MENUS.contains(&part));
    (banner && text_length(node, LONGEST_BANNER, |_| true) <= LONGEST_BANNER) || (menu && is_links(node))
}

/// Whether an element is short and most of its text is links.
fn is_links(node: &NodeRef<'_>) -> bool {
    const LONGEST_MENU: usize = 10_000;
    let all = text_length(node, LONGEST_MENU, |_| true);
    let in_link = |text: &NodeRef<'_>| is_within(text, &["a"]);
    all <= LONGEST_MENU && text_length(node, LONGEST_MENU, in_link) * 10 > all * 6
}

/// The bytes of an element's text that count, or some number over `most`. Elements of a hostile page nest by the
/// thousand, so asking each for all its text would take forever.
pub(super) fn text_length(node: &NodeRef<'_>, most: usize, counts: impl Fn(&NodeRef<'_>) -> bool) -> usize {
    let (mut sum, mut steps) = (0, 0);
    for inner in node.descendants_it() {
        if inner.is_text() && counts(&inner) {
            sum += inner.text().trim().len();
        }
        steps += 1;
        if sum > most || steps > most + 1_000 {
            return most + 1;
        }
    }
    sum
}

/// Elements that stand in a line of text.
pub(super) fn is_inline(name: &str) -> bool {
    const INLINE: &[&str] = &[
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
        "i", "img", "ins", "kbd", "label", "mark", "math", "nobr", "output", "q", "rp", "rt", "ruby", "s",
        "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
    ];
    INLINE.contains(&name)
}

/// What an element says that is not the text inside it: a formula as its author wrote it.
pub(super) fn spoken(node: &NodeRef<'_>, name: &str) -> Option<String> {
    match name {
        "math" => {
            let source = || {
                let note = node.descendants_it().find(|inner| {
                    inner.has_name("annotation")
                        && inner.attr("encoding").is_some_and(|kind| kind.contains("tex"))
                })?;
                Some(note.text().to_string())
            };
            node.attr("alttext")
                .map(|text| text.to_string())
                .or_else(source)
                .or_else(|| Some(node.text().to_string()))
        }
        // Formulas as pictures carry their source; other pictures mostly describe what the text says.
        "img" => {
            let class = node.class().unwrap_or_default().to_ascii_lowercase();
            let formula = ["math", "tex", "equation"].iter().any(|part| class.contains(part));
            node.attr("alt").filter(|_| formula).map(|text| text.to_string())
        }
        _ => None,
    }
}
