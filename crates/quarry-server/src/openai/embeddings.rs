//! `/v1/embeddings`

use axum::{extract::State, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use quarry_engine::Purpose;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{auth::Caller, extract::Body, problem::Problem, reply, state::AppState};

/// Texts at most.
const MOST: usize = 2_048;

/// What to embed. Fields that are not listed are passed over.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(example = json!({"model": "static-en-256", "input": ["What raises the sea?"]}))]
pub(crate) struct EmbeddingsRequest {
    /// A text, or 1 to 2,048 of them. Lists of tokens are not taken.
    input: EmbeddingInput,
    /// The embedder; the configured default when not said.
    #[serde(default)]
    #[schema(example = "static-en-256")]
    model: Option<String>,
    /// How vectors are written; `float` when not said.
    #[serde(default)]
    encoding_format: Option<Encoding>,
    /// Numbers in a vector; refused unless they are the embedder's.
    #[serde(default)]
    dimensions: Option<usize>,
    /// What for, which is an extension: some embedders read questions otherwise than documents. `document` when not
    /// said.
    #[serde(default)]
    input_type: Option<InputType>,
}

/// What to embed.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum EmbeddingInput {
    /// A text.
    One(String),
    /// Texts.
    Several(Vec<String>),
    /// Tokens, which are refused.
    Tokens(Vec<u32>),
    /// The same for several texts.
    #[allow(dead_code, reason = "read to be recognised, and refused")]
    SeveralTokens(Vec<Vec<u32>>),
}

/// How vectors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Encoding {
    /// A list of numbers.
    Float,
    /// Base64 of 32-bit floats, little-endian.
    Base64,
}

/// What vectors are for.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum InputType {
    /// To search with.
    Query,
    /// To be found.
    Document,
}

/// The vectors.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmbeddingList {
    /// `list`
    #[schema(example = "list")]
    object: &'static str,
    /// One for each text, in order.
    data: Vec<Embedding>,
    /// The embedder.
    #[schema(example = "static-en-256")]
    model: String,
    /// Tokens.
    usage: EmbeddingUsage,
}

/// A vector.
#[derive(Serialize, ToSchema)]
struct Embedding {
    /// `embedding`
    #[schema(example = "embedding")]
    object: &'static str,
    /// The text's place, from 0.
    index: usize,
    /// The vector.
    embedding: Vector,
}

/// A vector, as it is wanted.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Vector {
    /// Numbers.
    Float(Vec<f32>),
    /// Base64.
    Base64(String),
}

/// Tokens.
#[derive(Clone, Copy, Serialize, ToSchema)]
struct EmbeddingUsage {
    /// Read.
    prompt_tokens: u64,
    /// The same.
    total_tokens: u64,
}

/// Turns texts into vectors.
#[utoipa::path(post, path = "/v1/embeddings", tag = "openai", request_body = EmbeddingsRequest, responses(
    (status = 200, description = "The vectors", body = EmbeddingList),
))]
pub(crate) async fn embeddings(
    Caller(access): Caller,
    State(state): State<AppState>,
    Body(body): Body<EmbeddingsRequest>,
) -> Result<Response, Problem> {
    let texts = texts(body.input)?;
    let purpose = match body.input_type {
        Some(InputType::Query) => Purpose::Query,
        Some(InputType::Document) | None => Purpose::Document,
    };
    let made = state.app.engine.embed(&access, body.model.as_deref(), texts, purpose).await?;
    if let Some(wanted) = body.dimensions.filter(|wanted| *wanted != made.dimension) {
        let detail =
            format!("`{}` gives {} numbers a vector and no other amount", made.model, made.dimension);
        return Err(Problem::invalid(format!("{detail}, not {wanted}")).at("/dimensions", detail));
    }
    let encoding = body.encoding_format.unwrap_or(Encoding::Float);
    let written = |(index, vector): (usize, Vec<f32>)| Embedding {
        object: "embedding",
        index,
        embedding: match encoding {
            Encoding::Float => Vector::Float(vector),
            Encoding::Base64 => Vector::Base64(packed(&vector)),
        },
    };
    reply::json(&EmbeddingList {
        object: "list",
        data: made.vectors.into_iter().enumerate().map(written).collect(),
        model: made.model,
        usage: EmbeddingUsage { prompt_tokens: made.tokens, total_tokens: made.tokens },
    })
}

fn texts(input: EmbeddingInput) -> Result<Vec<String>, Problem> {
    let refused = |detail: String| Err(Problem::invalid(detail.clone()).at("/input", detail));
    let texts = match input {
        EmbeddingInput::One(text) => vec![text],
        EmbeddingInput::Several(texts) => texts,
        // An empty list could be either.
        EmbeddingInput::Tokens(tokens) if tokens.is_empty() => Vec::new(),
        EmbeddingInput::Tokens(_) | EmbeddingInput::SeveralTokens(_) => {
            return refused("tokens of another model mean nothing to this one: send text".to_owned());
        }
    };
    if texts.is_empty() || texts.len() > MOST {
        return refused(format!("the input is 1 to {MOST} texts, not {}", texts.len()));
    }
    if texts.iter().any(String::is_empty) {
        return refused("a text of the input is empty".to_owned());
    }
    Ok(texts)
}

/// 32-bit floats, little-endian, in base64: what OpenAI's own clients ask for and unpack.
fn packed(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}
