//! What begins with `/`.

/// What a line means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said<'a> {
    Nothing,
    /// To the agent.
    Words(&'a str),
    Sources,
    New,
    Sessions,
    Help,
    Quit,
    /// A command that there is not.
    Unknown(&'a str),
}

/// The commands, as `/help` shows them.
pub(super) const HELP: &str = "\
/sources    the passages of the last answer, cited or not
/new        begin another session
/sessions   the latest sessions; `quarry chat --session ID` goes on with one
/help       this list
/quit       end (Ctrl-D too); Ctrl-C ends an answer that comes";

/// Reads a line.
pub(super) fn said(line: &str) -> Said<'_> {
    let line = line.trim();
    match line {
        "" => Said::Nothing,
        "/sources" => Said::Sources,
        "/new" => Said::New,
        "/sessions" => Said::Sessions,
        "/help" | "/?" => Said::Help,
        "/quit" | "/exit" => Said::Quit,
        // A path is no command: it has a second slash.
        command
            if command.starts_with('/') && !command.contains(' ') && command.matches('/').count() == 1 =>
        {
            Said::Unknown(command)
        }
        words => Said::Words(words),
    }
}

#[cfg(test)]
mod tests {
    use super::{HELP, Said, said};

    #[test]
    fn lines_are_commands_or_words() {
        assert_eq!(said("  "), Said::Nothing);
        assert_eq!(said(" /sources "), Said::Sources);
        assert_eq!(said("/quit"), Said::Quit);
        assert_eq!(said("/sorces"), Said::Unknown("/sorces"));
        assert_eq!(said("/etc/hosts"), Said::Words("/etc/hosts"));
        assert_eq!(said("what does /new do?"), Said::Words("what does /new do?"));
    }

    #[test]
    fn the_help_names_every_command() {
        for line in HELP.lines() {
            let command = line.split_whitespace().next().unwrap_or_default();
            assert!(!matches!(said(command), Said::Unknown(_) | Said::Words(_)), "{command}");
        }
    }
}
