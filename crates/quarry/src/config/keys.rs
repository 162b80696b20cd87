//! What a key is, and how one is found in the [`super::table`].
//!
//! Defaults stand in the table as text for the reference; a test holds them against the structs that apply them.

use super::table::KEYS;

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// A whole number within bounds.
    Whole(i64, i64),
    /// A number within bounds.
    Number(f64, f64),
    /// True or false.
    Truth,
    /// Text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An address with a port.
    Address,
    /// A list of texts.
    Texts,
    /// A list of whole numbers within bounds.
    Wholes(i64, i64),
    /// How often something may be done.
    Rate,
    /// A list of networks.
    Networks,
    /// Text that is never shown; `env:NAME` and `file:PATH` say where it is.
    Secret,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// With its section; `[]` stands for one table of a list, `<name>` for a name of the operator's choice.
    pub(super) path: &'static str,
    /// What its value must be.
    pub(super) kind: Kind,
    /// As TOML; empty when it is not set.
    pub(super) default: &'static str,
    /// What it does.
    pub(super) about: &'static str,
}

impl Key {
    /// Its section and its name in it. `env.<name>` is one name.
    pub(super) fn parts(&self) -> (&'static str, &'static str) {
        let stem = self.path.strip_suffix(".<name>").unwrap_or(self.path);
        let section = stem.rsplit_once('.').map_or("", |(section, _)| section);
        (section, self.path.get(section.len() + 1..).unwrap_or(self.path))
    }

    /// Whether there may be several of it: it stands in a list or below a name.
    pub(super) fn repeats(&self) -> bool {
        self.path.contains(['[', '<'])
    }
}

/// The keys of a section, each with its name in it.
pub(super) fn of(section: &str) -> impl Iterator<Item = (&'static str, &'static Key)> {
    KEYS.iter().filter_map(move |key| {
        let (of, name) = key.parts();
        (of == section).then_some((name, key))
    })
}

/// Tables of tables, which have names of the operator's choice.
const TABLES: &[&str] = &["models.chat", "auth.jwt"];
/// Tables of values, which have names of the operator's choice; those may hold dots.
const MAPS: &[&str] = &["agents.mcp[].env", "agents.mcp[].headers", "auth.jwt.<name>.role_map"];

/// A path with places in lists and names of the operator's choice left open, as the table has it.
pub(super) fn general(path: &str) -> String {
    let mut general = String::new();
    let mut inside = false;
    for letter in path.chars() {
        match letter {
            '[' => {
                inside = true;
                general.push_str("[]");
            }
            ']' => inside = false,
            _ if inside => {}
            other => general.push(other),
        }
    }
    let chosen = |path: &str, table: &str| {
        path.strip_prefix(table).and_then(|rest| rest.strip_prefix('.')).map(str::to_owned)
    };
    for table in TABLES {
        if let Some(chosen) = chosen(&general, table) {
            let below = chosen.split_once('.').map_or(String::new(), |(_, below)| format!(".{below}"));
            general = format!("{table}.<name>{below}");
            break;
        }
    }
    let map = MAPS.iter().find(|map| chosen(&general, map).is_some());
    map.map_or(general, |map| format!("{map}.<name>"))
}

/// A key by its path; places in lists are `[]`.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Whether a path is a section or leads to one.
pub(super) fn leads_somewhere(path: &str) -> bool {
    KEYS.iter().any(|key| {
        key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.') || rest.starts_with("[]"))
    })
}

/// The known key most like an unknown one, when one is near enough to be meant.
pub(super) fn nearest(path: &str) -> Option<&'static str> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let section = |path: &str| path.rsplit_once('.').map_or(String::new(), |(section, _)| section.to_owned());
    let score = |key: &Key| {
        let whole = strsim::normalized_damerau_levenshtein(path, key.path);
        // The right name in the wrong section is as likely as a slip of the hand.
        let name = strsim::normalized_damerau_levenshtein(&last(path), &last(key.path));
        let same = if section(path) == section(key.path) { 0.1 } else { 0.0 };
        whole.max(name * 0.95) + same
    };
    let best =
        KEYS.iter().map(|key| (score(key), key.path)).max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 >= 0.65).then_some(best.1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::{KEYS, find, general, nearest, of};
    use crate::config::{Config, table::SECTIONS};

    /// What a table of a list or below a name cannot do without.
    const NEEDED: &[(&str, &str, &str)] = &[
        ("models.embed.openai[]", "[[models.embed.openai]]", "base_url = \"http://a\"\nmodel = \"m\"\n"),
        ("models.chat.<name>", "[models.chat.one]", "provider = \"ollama\"\nmodel = \"m\"\n"),
        ("agents.mcp[]", "[[agents.mcp]]", "name = \"a\"\ncommand = \"c\"\ntools = [\"*\"]\n"),
        ("auth.jwt.<name>", "[auth.jwt.one]", "issuer = \"https://a\"\naudiences = [\"q\"]\n"),
    ];

    /// Keys that are read beside the section's struct.
    const BESIDE: &[(&str, &[&str])] = &[("agents", &["fetch_url"])];

    #[test]
    fn every_key_stands_in_a_section_of_the_reference() {
        for key in KEYS {
            let (section, _) = key.parts();
            assert!(SECTIONS.iter().any(|(name, _)| *name == section), "{}", key.path);
        }
    }

    #[test]
    fn the_defaults_of_the_table_are_those_of_the_code() {
        let mut text = String::new();
        for key in KEYS.iter().filter(|key| !key.default.is_empty() && !key.repeats()) {
            text.push_str(&format!("{} = {}\n", key.path, key.default));
        }
        let said: Config = toml::from_str(&text).unwrap();
        assert_eq!(format!("{said:?}"), format!("{:?}", Config::default()));
        for (section, title, needed) in NEEDED {
            let short = format!("{title}\n{needed}");
            let mut full = short.clone();
            for (name, key) in of(section).filter(|(_, key)| !key.default.is_empty()) {
                full.push_str(&format!("{name} = {}\n", key.default));
            }
            let (short, long): (Config, Config) =
                (toml::from_str(&short).unwrap(), toml::from_str(&full).unwrap());
            assert_eq!(format!("{short:?}"), format!("{long:?}"), "{section}");
        }
    }

    /// The names a struct takes, from the sentence in which it refuses one.
    fn taken(section: &str) -> BTreeSet<String> {
        let title = match section.strip_suffix("[]") {
            Some(list) => format!("[[{list}]]"),
            None => format!("[{}]", section.replace("<name>", "one")),
        };
        let refused = toml::from_str::<Config>(&format!("{title}\nzzz = 1\n")).unwrap_err();
        let refused = refused.message().to_owned();
        let names = refused.split("expected").nth(1).unwrap_or_default();
        names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_table_has_every_key_of_the_structs() {
        for (section, _) in SECTIONS {
            let mut taken = taken(section);
            for (_, names) in BESIDE.iter().filter(|(of, _)| of == section) {
                taken.extend(names.iter().map(|name| (*name).to_owned()));
            }
            // Tables below it are sections of their own.
            taken.retain(|name| {
                !SECTIONS.iter().any(|(other, _)| {
                    other
                        .strip_prefix(&format!("{section}.{name}"))
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                })
            });
            let known: BTreeSet<String> =
                of(section).map(|(name, _)| name.trim_end_matches(".<name>").to_owned()).collect();
            assert_eq!(taken, known, "{section}");
        }
    }

    #[test]
    fn names_of_ones_own_choice_are_left_open() {
        for (path, expected) in [
            ("models.embed.openai[3].model", "models.embed.openai[].model"),
            ("models.chat.fast.model", "models.chat.<name>.model"),
            ("models.chat.fast", "models.chat.<name>"),
            ("models.chat_default", "models.chat_default"),
            ("agents.mcp[0].env.API_KEY", "agents.mcp[].env.<name>"),
            ("agents.mcp[0].headers", "agents.mcp[].headers"),
            ("auth.jwt.corp.issuer", "auth.jwt.<name>.issuer"),
            ("auth.jwt.corp.role_map", "auth.jwt.<name>.role_map"),
            ("auth.jwt.corp.role_map.app.admin", "auth.jwt.<name>.role_map.<name>"),
        ] {
            assert_eq!(general(path), expected);
        }
        assert_eq!(
            find("agents.mcp[].env.<name>").map(super::Key::parts),
            Some(("agents.mcp[]", "env.<name>"))
        );
    }

    #[test]
    fn a_slip_of_the_hand_finds_its_key() {
        for (wrong, right) in [
            ("ingest.workrs", "ingest.workers"),
            ("ingst.workers", "ingest.workers"),
            ("server.chunk_tokens", "ingest.chunk_tokens"),
            ("models.embed.openai[].apikey", "models.embed.openai[].api_key"),
            ("models.chat.<name>.modle", "models.chat.<name>.model"),
            ("agents.mcp[].comand", "agents.mcp[].command"),
        ] {
            assert_eq!(nearest(wrong), Some(right), "{wrong}");
        }
        assert_eq!(nearest("colour.of_the_sky_at_noon"), None);
        assert!(find("server.listen").is_some());
    }
}
