//! Lines that a person types, or that come through a pipe, read beside the runtime so that nothing waits for a key.

use std::{
    io::{BufRead, IsTerminal, Write},
    path::PathBuf,
    sync::mpsc,
};

use rustyline::{DefaultEditor, error::ReadlineError};
use tokio::sync::oneshot;

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Text(String),
    /// Ctrl-C while typing.
    Interrupted,
    /// Ctrl-D, the end of the pipe, or a terminal that is gone.
    End,
}

/// A prompt, whether the line belongs to the history, and where the line goes.
type Wanted = (String, bool, oneshot::Sender<Line>);

/// A reader of lines, on a thread of its own.
pub(crate) struct Lines {
    wanted: mpsc::Sender<Wanted>,
    /// Whether a person types.
    pub(crate) typed: bool,
}

impl Lines {
    /// Reads standard input: with editing on a terminal, plainly otherwise. `history` is kept between calls.
    pub(crate) fn open(history: Option<PathBuf>) -> Self {
        let typed = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let (wanted, requests) = mpsc::channel::<Wanted>();
        // The thread ends when nobody wants lines any more, or with the process while it waits for a key.
        std::thread::spawn(move || match DefaultEditor::new().ok().filter(|_| typed) {
            Some(editor) => edited(editor, history, &requests),
            None => plain(&requests),
        });
        Self { wanted, typed }
    }

    /// The next line.
    pub(crate) async fn read(&self, prompt: &str) -> Line {
        self.want(prompt, true).await
    }

    /// The answer to a question, which does not belong to the history.
    pub(crate) async fn answer(&self, question: &str) -> Line {
        self.want(question, false).await
    }

    async fn want(&self, prompt: &str, kept: bool) -> Line {
        let (sender, line) = oneshot::channel();
        if self.wanted.send((prompt.to_owned(), kept, sender)).is_err() {
            return Line::End;
        }
        line.await.unwrap_or(Line::End)
    }
}

fn edited(mut editor: DefaultEditor, history: Option<PathBuf>, requests: &mpsc::Receiver<Wanted>) {
    if let Some(path) = &history {
        // It is not there before the first line.
        let _ = editor.load_history(path);
    }
    while let Ok((prompt, kept, sender)) = requests.recv() {
        let line = match editor.readline(&prompt) {
            Ok(text) => {
                if kept && !text.trim().is_empty() && editor.add_history_entry(text.as_str()).is_ok() {
                    // A history that cannot be written is no reason to stop talking.
                    let _ = history.as_ref().map(|path| editor.append_history(path));
                }
                Line::Text(text)
            }
            Err(ReadlineError::Interrupted) => Line::Interrupted,
            Err(_) => Line::End,
        };
        let over = line == Line::End;
        // Whoever wanted it may have gone.
        let _ = sender.send(line);
        if over {
            return;
        }
    }
}

fn plain(requests: &mpsc::Receiver<Wanted>) {
    let mut input = std::io::stdin().lock();
    while let Ok((prompt, _, sender)) = requests.recv() {
        if std::io::stdin().is_terminal() {
            let mut error = std::io::stderr();
            // Without a terminal there is nobody to prompt.
            let _ = write!(error, "{prompt}").and_then(|()| error.flush());
        }
        let mut text = String::new();
        let line = match input.read_line(&mut text) {
            Ok(0) | Err(_) => Line::End,
            Ok(_) => Line::Text(text.trim_end_matches(['\n', '\r']).to_owned()),
        };
        let over = line == Line::End;
        let _ = sender.send(line);
        if over {
            return;
        }
    }
}
