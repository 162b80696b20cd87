//! What goes over the wire.

use serde::{Deserialize, Serialize};

/// The body that is sent.
#[derive(Serialize)]
pub(super) struct Request<'a> {
    pub(super) model: &'a str,
    pub(super) input: &'a [String],
    pub(super) encoding_format: &'static str,
}

/// The body that comes back.
#[derive(Deserialize)]
pub(super) struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

impl Answer {
    /// The vectors in the order of the texts; servers may answer in another.
    pub(super) fn vectors(self, texts: usize) -> Result<Vec<Vec<f32>>, String> {
        if self.data.len() != texts {
            return Err(format!("{} vectors came for {texts} texts", self.data.len()));
        }
        let mut items = self.data;
        items.sort_by_key(|item| item.index);
        if items.iter().enumerate().any(|(place, item)| item.index != place) {
            return Err("the vectors are not numbered from 0 on".to_owned());
        }
        if items
            .iter()
            .any(|item| item.embedding.is_empty() || !item.embedding.iter().all(|value| value.is_finite()))
        {
            return Err("a vector is empty or holds a number that is not finite".to_owned());
        }
        Ok(items.into_iter().map(|item| item.embedding).collect())
    }
}

/// The sentence in an error's body: OpenAI's form, else the beginning of the text.
pub(super) fn problem(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Body {
        error: Inner,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Inner {
        Object { message: String },
        Text(String),
    }
    let text = match serde_json::from_slice(body) {
        Ok(Body { error: Inner::Object { message } | Inner::Text(message) }) => message,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
    if line.is_empty() { "no reason was given".to_owned() } else { line }
}
