//! The layers put on top of each other, checked, and turned into the configuration.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{
    Config, agree, check,
    environment::Environment,
    file,
    keys::{self, general},
};
use crate::failure::{Exit, Failure, Outcome};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A file and the line, where it is known.
    File(PathBuf, Option<usize>),
    /// A variable of the environment.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, Some(line)) => write!(f, "{}:{line}", path.display()),
            Self::File(path, None) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One value that somebody set.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// Such as `ingest.workers` or `models.embed.openai[0].model`.
    pub(super) path: String,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// A mistake and where it is.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) origin: Origin,
    pub(super) text: String,
}

/// What flags of the command line set: the key, the value and the flag.
pub(crate) type Flags = Vec<(&'static str, String, &'static str)>;

/// What is configured, and where each value comes from.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    /// The configuration in force.
    pub(crate) config: Config,
    /// The file that was read.
    pub(crate) file: Option<PathBuf>,
    /// What was set, by path; everything else is a default.
    pub(super) set: BTreeMap<String, Setting>,
}

impl Layers {
    /// Reads all layers. `named` is the file of `--config`; without it `quarry.toml` in the data folder is read if
    /// it is there.
    pub(crate) fn read(
        named: Option<&Path>,
        data: &Path,
        environment: &Environment,
        flags: &Flags,
    ) -> Outcome<Self> {
        let usual = data.join("quarry.toml");
        let path = named.map(Path::to_owned).or_else(|| usual.is_file().then_some(usual));
        let text = match &path {
            Some(path) => {
                std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?
            }
            None => String::new(),
        };
        let mut problems = Vec::new();
        let mut settings =
            path.as_deref().map(|path| file::settings(path, &text, &mut problems)).unwrap_or_default();
        for (name, path, value) in environment.keys() {
            settings.push(Setting {
                value: check::from_text(&path, &value),
                path,
                origin: Origin::Variable(name),
            });
        }
        for (path, value, flag) in flags {
            let value = check::from_text(path, value);
            settings.push(Setting { path: (*path).to_owned(), value, origin: Origin::Flag(flag) });
        }
        let layers = Self::build(settings, environment, &mut problems);
        match layers {
            Some(layers) if problems.is_empty() => Ok(Self { file: path, ..layers }),
            _ => Err(refused(&problems)),
        }
    }

    fn build(settings: Vec<Setting>, environment: &Environment, problems: &mut Vec<Problem>) -> Option<Self> {
        let mut set = BTreeMap::new();
        for mut setting in settings {
            let known = general(&setting.path);
            if let Some(key) = keys::find(&known) {
                match check::value(key, &mut setting.value, environment) {
                    Ok(()) => drop(set.insert(setting.path.clone(), setting)),
                    Err(text) => {
                        problems.push(Problem {
                            text: format!("`{}` {text}", setting.path),
                            origin: setting.origin,
                        });
                    }
                }
            } else {
                problems.extend(unknown(&setting, &known));
            }
        }
        if !problems.is_empty() {
            return None;
        }
        let mut root = Table::new();
        for setting in set.values() {
            place(&mut root, &setting.path, setting.value.clone());
        }
        let mut config = match root.try_into::<Config>() {
            Ok(config) => config,
            Err(error) => {
                problems.push(whole(error.message().replace('\n', " "), &set, agree::LISTS));
                return None;
            }
        };
        config.agents.programs = environment.programs();
        problems.extend(agree::problems(&config).into_iter().map(|(text, at)| {
            let section =
                at.rsplit_once('.').map_or_else(|| at.clone(), |(section, _)| format!("{section}."));
            whole(text, &set, &[&at, &section])
        }));
        Some(Self { config, file: None, set })
    }
}

/// A problem that no single value has: it is shown where the first of the sections that is set at all begins.
fn whole(text: String, set: &BTreeMap<String, Setting>, sections: &[&str]) -> Problem {
    let begins = |section: &&str| set.values().find(|setting| setting.path.starts_with(*section));
    let origin = sections.iter().find_map(begins).map(|setting| setting.origin.clone());
    Problem { origin: origin.unwrap_or(Origin::Flag("the settings")), text }
}

fn unknown(setting: &Setting, known: &str) -> Option<Problem> {
    let empty = matches!(&setting.value, Value::Table(table) if table.is_empty());
    let text = if keys::leads_somewhere(known) {
        if empty {
            return None;
        }
        format!("`{}` is a section, not a value: its keys stand below `[{known}]`", setting.path)
    } else {
        let near = keys::nearest(known).map(|key| format!("; did you mean `{key}`?")).unwrap_or_default();
        format!("there is no key `{}`{near}", setting.path)
    };
    Some(Problem { origin: setting.origin.clone(), text })
}

/// Puts a value into its place, with the tables and lists that lead there.
fn place(table: &mut Table, path: &str, value: Value) {
    let Some((head, rest)) = path.split_once('.') else {
        table.insert(path.to_owned(), value);
        return;
    };
    if head == "role_map" {
        // What is behind it is one name, with all its dots.
        let inner = table.entry(head.to_owned()).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(inner) = inner {
            inner.insert(rest.to_owned(), value);
        }
        return;
    }
    let (name, position) = match head.split_once('[') {
        Some((name, position)) => (name, position.trim_end_matches(']').parse::<usize>().ok()),
        None => (head, None),
    };
    let empty = if position.is_some() { Value::Array(Vec::new()) } else { Value::Table(Table::new()) };
    match (table.entry(name.to_owned()).or_insert(empty), position) {
        (Value::Table(inner), None) => place(inner, rest, value),
        (Value::Array(items), Some(position)) => {
            // Places are small numbers: someone wrote each of them.
            while items.len() <= position.min(255) {
                items.push(Value::Table(Table::new()));
            }
            if let Some(Value::Table(inner)) = items.get_mut(position) {
                place(inner, rest, value);
            }
        }
        _ => {}
    }
}

fn refused(problems: &[Problem]) -> Failure {
    let count =
        if problems.len() == 1 { "a problem".to_owned() } else { format!("{} problems", problems.len()) };
    let mut text = format!("the configuration has {count}");
    for problem in problems {
        text.push_str(&format!("\n  {}: {}", problem.origin, problem.text));
    }
    Failure::new(Exit::Invalid, "invalid_config", text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::{Environment, Layers};

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<Layers, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quarry.toml");
        std::fs::write(&path, text).unwrap();
        let layers = Layers::read(None, folder.path(), &Environment::of(variables), &Vec::new());
        let shown = |message: String| message.replace(&path.display().to_string(), "quarry.toml");
        layers.map_err(|failure| shown(failure.message))
    }

    #[test]
    fn later_layers_win() {
        let layers = read("[ingest]\nworkers = 3\nbatch = 7\n", &[("QUARRY__INGEST__WORKERS", "4")]).unwrap();
        assert_eq!((layers.config.ingest.workers, layers.config.ingest.batch), (4, 7));
        let flags = vec![("ingest.workers", "5".to_owned(), "--workers")];
        let environment = Environment::of(&[("QUARRY__INGEST__WORKERS", "4")]);
        let layers = Layers::read(None, Path::new("nowhere"), &environment, &flags).unwrap();
        assert_eq!(layers.config.ingest.workers, 5);
    }

    #[test]
    fn every_problem_is_told_with_its_line_and_the_nearest_key() {
        let text = "[ingest]\nworkrs = 2\nbatch = \"many\"\n\n[serve]\nlisten = \"127.0.0.1:1\"\n[log]\nlevel = \"loud\"\n";
        let problems = read(text, &[("QUARRY__ANSWER__PASSAGES", "0")]).unwrap_err();
        assert_eq!(
            problems,
            "the configuration has 5 problems\n  \
             quarry.toml:2: there is no key `ingest.workrs`; did you mean `ingest.workers`?\n  \
             quarry.toml:3: `ingest.batch` must be a whole number from 1 to 4096, not \"many\"\n  \
             quarry.toml:6: there is no key `serve.listen`; did you mean `server.listen`?\n  \
             quarry.toml:8: `log.level` must be error, warn, info, debug or trace, not \"loud\"\n  \
             QUARRY__ANSWER__PASSAGES: `answer.passages` must be a whole number from 1 to 100, not 0"
        );
    }

    #[test]
    fn broken_toml_is_told_with_its_line() {
        let problems = read("[ingest]\nworkers = = 2\n", &[]).unwrap_err();
        assert!(problems.contains("quarry.toml:2: this is not TOML"), "{problems}");
    }

    #[test]
    fn lists_of_tables_take_secrets_from_the_environment() {
        let text =
            "[[models.embed.openai]]\nbase_url = \"http://a/v1\"\nmodel = \"m\"\napi_key = \"env:MY_KEY\"\n";
        let layers = read(text, &[("MY_KEY", "hunter2")]).unwrap();
        let server = layers.config.models.embed.openai.first().unwrap();
        assert_eq!(server.api_key.as_ref().unwrap().expose(), "hunter2");
        let problem = read(text, &[]).unwrap_err();
        assert!(
            problem.contains("`models.embed.openai[0].api_key` names the variable `MY_KEY`"),
            "{problem}"
        );
        let variable = [("MY_KEY", "x"), ("QUARRY__MODELS__EMBED__OPENAI__0__BATCH", "9")];
        assert_eq!(read(text, &variable).unwrap().config.models.embed.openai.first().unwrap().batch, 9);
    }

    #[test]
    fn chat_models_and_mcp_servers_come_from_every_layer() {
        let text = "[models]\nchat_default = \"big\"\n\
                    [models.chat.fast]\nprovider = \"ollama\"\nmodel = \"llama3.2\"\n\
                    [models.chat.big]\nprovider = \"openai\"\nmodel = \"m\"\napi_key = \"env:MY_KEY\"\nfallbacks = [\"fast\"]\n\
                    [agents]\nfetch_url = true\nparallel_tools = 2\n\
                    [[agents.mcp]]\nname = \"files\"\ncommand = \"files-mcp\"\ntools = [\"read\"]\nenv = { TOKEN = \"env:MY_KEY\" }\n\
                    [outbound]\nports = [8443]\n";
        let variables = [
            ("MY_KEY", "hunter2"),
            ("PATH", "/bin"),
            ("QUARRY__MODELS__CHAT__FAST__CONTEXT_WINDOW", "8192"),
            ("QUARRY__AGENTS__MCP__0__ENV__Mode", "quiet"),
            ("QUARRY__OUTBOUND__PORTS", "8443, 9443"),
        ];
        let config = read(text, &variables).unwrap().config;
        let chat = config.models.talking();
        assert_eq!(chat.default.as_deref(), Some("big"));
        assert_eq!(chat.models["fast"].context_window, Some(8192));
        assert_eq!(chat.models["big"].api_key.as_ref().unwrap().expose(), "hunter2");
        assert!(config.agents.fetch_url);
        assert_eq!(config.engine().agents.parallel_tools, 2);
        let server = config.agents.mcp.first().unwrap();
        assert_eq!(server.env["TOKEN"].expose(), "hunter2");
        assert_eq!(server.env["Mode"].expose(), "quiet");
        assert_eq!(config.agents.programs.path.as_deref(), Some(std::ffi::OsStr::new("/bin")));
        assert_eq!(config.outbound.ports, [8443, 9443]);
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn issuers_of_tokens_come_from_every_layer_and_are_checked() {
        let text = "[auth.jwt.corp]\nissuer = \"https://login.a.example\"\naudiences = [\"quarry\"]\ndefault_tenant = \"root\"\n\
                    roles_claim = \"roles\"\nrole_map = { \"app.Admin\" = \"admin\", reader = \"reader\" }\n\
                    [auth.jwt.lab]\nissuer = \"lab\"\naudiences = [\"quarry\"]\ntenant_claim = \"org\"\nsecret = \"env:LAB\"\n";
        let secret = ("LAB", "0123456789abcdef0123456789abcdef");
        let variables = [
            secret,
            ("QUARRY__AUTH__JWT__CORP__LEEWAY_SECONDS", "5"),
            ("QUARRY__AUTH__JWT__CORP__ROLE_MAP__Quarry.Editors", "editor"),
        ];
        let layers = read(text, &variables).unwrap();
        let corp = &layers.config.auth.jwt["corp"];
        let mapped: Vec<_> =
            corp.role_map.iter().map(|(value, role)| (value.as_str(), role.as_str())).collect();
        assert_eq!(mapped, [("Quarry.Editors", "editor"), ("app.Admin", "admin"), ("reader", "reader")]);
        assert_eq!((corp.leeway_seconds, corp.refresh_seconds), (5, 600));
        assert!(!format!("{:?}", layers.config).contains(secret.1));
        let shown = layers.to_toml();
        assert!(
            shown.contains("[auth.jwt.corp]") && shown.contains("role_map.\"app.Admin\" = \"admin\""),
            "{shown}"
        );
        assert!(!shown.contains(secret.1), "{shown}");

        let problems =
            read(text, &[("LAB", "short"), ("QUARRY__AUTH__JWT__CORP__DEFAULT_TENANT", "")]).unwrap_err();
        assert!(problems.contains("the configuration has 2 problems"), "{problems}");
        assert!(problems.contains("`auth.jwt.corp.default_tenant` must say where people act"), "{problems}");
        assert!(problems.contains("`auth.jwt.lab.secret` must have at least 32 bytes"), "{problems}");
        let both =
            read(text, &[secret, ("QUARRY__AUTH__JWT__LAB__JWKS_URL", "http://keys.a.example")]).unwrap_err();
        assert!(both.contains("`auth.jwt.lab.jwks_url` cannot stand beside `secret`"), "{both}");
        let missing = read("[auth.jwt.corp]\nissuer = \"a\"\n", &[]).unwrap_err();
        assert!(missing.contains("quarry.toml:2: missing field `audiences`"), "{missing}");
        let role = read(&text.replace("\"admin\"", "\"god\""), &[secret]).unwrap_err();
        assert!(
            role.contains("`auth.jwt.corp.role_map.app.Admin` must be reader, editor, admin or owner"),
            "{role}"
        );
    }

    #[test]
    fn what_no_single_value_shows_is_checked_too() {
        let problem = read("[ingest]\nchunk_tokens = 40\noverlap_tokens = 40\n", &[]).unwrap_err();
        assert!(problem.contains("quarry.toml:3: `ingest.overlap_tokens` (40) must be smaller"), "{problem}");
        let problem = read("[[models.embed.openai]]\nbase_url = \"http://a\"\n", &[]).unwrap_err();
        assert!(problem.contains("missing field `model`"), "{problem}");
        let problem = read("[models.chat.fast]\nprovider = \"ollama\"\n", &[]).unwrap_err();
        assert!(problem.contains("quarry.toml:2: missing field `model`"), "{problem}");
        assert!(read("ingest = 3\n", &[]).unwrap_err().contains("`ingest` is a section, not a value"));
    }
}
