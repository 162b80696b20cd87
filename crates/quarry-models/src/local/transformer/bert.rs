//! The encoder of BERT, for texts that lie behind each other without padding.

use std::path::Path;

use candle_core::{Device, Result, Tensor};
use serde::Deserialize;

use super::{
    ops::{AddNorm, BiasGelu, Softmax},
    weights::Weights,
};

/// The part of `config.json` that changes the arithmetic.
#[derive(Deserialize)]
struct Config {
    model_type: String,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    vocab_size: usize,
    type_vocab_size: usize,
    layer_norm_eps: f32,
    hidden_act: String,
    #[serde(default)]
    position_embedding_type: Option<String>,
}

impl Config {
    fn read(path: &Path) -> std::result::Result<Self, String> {
        let explain = |problem: String| format!("config.json: {problem}");
        let text = std::fs::read_to_string(path).map_err(|error| explain(error.to_string()))?;
        let config: Self = serde_json::from_str(&text).map_err(|error| explain(error.to_string()))?;
        let absolute = config.position_embedding_type.as_deref().is_none_or(|kind| kind == "absolute");
        if config.model_type != "bert" || config.hidden_act != "gelu" || !absolute {
            return Err(explain("only BERT with `gelu` and absolute positions is supported".to_owned()));
        }
        if config.num_attention_heads == 0 || !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            return Err(explain("`hidden_size` must be a multiple of `num_attention_heads`".to_owned()));
        }
        Ok(config)
    }
}

/// The encoder with mean pooling.
pub(super) struct Bert {
    words: Tensor,
    /// Positions with the first token type already added: single texts have no second one.
    positions: Tensor,
    norm: AddNorm,
    layers: Vec<Layer>,
    heads: usize,
    hidden: usize,
    max_positions: usize,
}

struct Layer {
    /// Queries, keys and values in one matrix, `[hidden, 3 * hidden]`; queries are scaled already.
    mix: Tensor,
    mix_bias: Tensor,
    output: Tensor,
    output_norm: AddNorm,
    widen: Tensor,
    gelu: BiasGelu,
    narrow: Tensor,
    narrow_norm: AddNorm,
}

impl Bert {
    pub(super) fn load(folder: &Path) -> std::result::Result<Self, String> {
        let config = Config::read(&folder.join("config.json"))?;
        let explain = |error: candle_core::Error| format!("model.safetensors: {error}");
        let weights = Weights::open(&folder.join("model.safetensors")).map_err(explain)?;
        Self::build(&config, &weights).map_err(explain)
    }

    fn build(config: &Config, weights: &Weights) -> Result<Self> {
        let hidden = config.hidden_size;
        let words = weights.tensor("embeddings.word_embeddings.weight", &[config.vocab_size, hidden])?;
        let shape = [config.max_position_embeddings, hidden];
        let positions = weights.tensor("embeddings.position_embeddings.weight", &shape)?;
        let types =
            weights.tensor("embeddings.token_type_embeddings.weight", &[config.type_vocab_size, hidden])?;
        Ok(Self {
            words,
            positions: positions.broadcast_add(&types.narrow(0, 0, 1)?)?,
            norm: AddNorm {
                bias: vec![0.0; hidden],
                scale: weights.vector("embeddings.LayerNorm.weight", hidden)?,
                shift: weights.vector("embeddings.LayerNorm.bias", hidden)?,
                epsilon: config.layer_norm_eps,
            },
            layers: (0..config.num_hidden_layers)
                .map(|number| Layer::load(config, weights, number))
                .collect::<Result<_>>()?,
            heads: config.num_attention_heads,
            hidden,
            max_positions: config.max_position_embeddings,
        })
    }

    pub(super) const fn hidden(&self) -> usize {
        self.hidden
    }

    pub(super) const fn max_positions(&self) -> usize {
        self.max_positions
    }

    /// The mean of the last layer over the tokens of each sequence. No sequence may be empty.
    pub(super) fn forward(&self, sequences: &[&[u32]]) -> Result<Vec<Vec<f32>>> {
        let ids: Vec<u32> = sequences.concat();
        let places: Vec<u32> = sequences.iter().flat_map(|ids| 0..ids.len() as u32).collect();
        let count = ids.len();
        let words = self.words.index_select(&Tensor::from_vec(ids, count, &Device::Cpu)?, 0)?;
        let positions = self.positions.index_select(&Tensor::from_vec(places, count, &Device::Cpu)?, 0)?;
        let mut state = words.apply_op2_no_bwd(&positions, &self.norm)?;
        let lengths: Vec<usize> = sequences.iter().map(|ids| ids.len()).collect();
        for layer in &self.layers {
            state = layer.forward(&state, &lengths, self.heads)?;
        }
        spans(&lengths).map(|(start, length)| state.narrow(0, start, length)?.mean(0)?.to_vec1()).collect()
    }
}

/// Where each sequence starts, and its length.
fn spans(lengths: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    lengths.iter().scan(0, |end, &length| {
        let start = *end;
        *end += length;
        Some((start, length))
    })
}

impl Layer {
    fn load(config: &Config, weights: &Weights, number: usize) -> Result<Self> {
        let (hidden, wide) = (config.hidden_size, config.intermediate_size);
        let matrix = |name: &str, rows, columns| {
            weights.tensor(&format!("encoder.layer.{number}.{name}.weight"), &[rows, columns])
        };
        let vector = |name: &str, length| weights.vector(&format!("encoder.layer.{number}.{name}"), length);
        let norm = |dense: &str, norm: &str| -> Result<AddNorm> {
            Ok(AddNorm {
                bias: vector(&format!("{dense}.bias"), hidden)?,
                scale: vector(&format!("{norm}.weight"), hidden)?,
                shift: vector(&format!("{norm}.bias"), hidden)?,
                epsilon: config.layer_norm_eps,
            })
        };
        let factor = 1.0 / ((hidden / config.num_attention_heads) as f64).sqrt();
        let query = (matrix("attention.self.query", hidden, hidden)? * factor)?;
        let key = matrix("attention.self.key", hidden, hidden)?;
        let value = matrix("attention.self.value", hidden, hidden)?;
        let mut bias = vector("attention.self.query.bias", hidden)?;
        bias.iter_mut().for_each(|number| *number *= factor as f32);
        bias.extend(vector("attention.self.key.bias", hidden)?);
        bias.extend(vector("attention.self.value.bias", hidden)?);
        Ok(Self {
            mix: Tensor::cat(&[query, key, value], 0)?.t()?.contiguous()?,
            mix_bias: Tensor::from_vec(bias, 3 * hidden, &Device::Cpu)?,
            output: matrix("attention.output.dense", hidden, hidden)?.t()?.contiguous()?,
            output_norm: norm("attention.output.dense", "attention.output.LayerNorm")?,
            widen: matrix("intermediate.dense", wide, hidden)?.t()?.contiguous()?,
            gelu: BiasGelu { bias: vector("intermediate.dense.bias", wide)? },
            narrow: matrix("output.dense", hidden, wide)?.t()?.contiguous()?,
            narrow_norm: norm("output.dense", "output.LayerNorm")?,
        })
    }

    fn forward(&self, state: &Tensor, lengths: &[usize], heads: usize) -> Result<Tensor> {
        let mixed = state.matmul(&self.mix)?.broadcast_add(&self.mix_bias)?;
        let attended = spans(lengths)
            .map(|(start, length)| attend(&mixed.narrow(0, start, length)?, heads))
            .collect::<Result<Vec<_>>>()?;
        let attended = Tensor::cat(&attended, 0)?;
        let state = attended.matmul(&self.output)?.apply_op2_no_bwd(state, &self.output_norm)?;
        let wide = state.matmul(&self.widen)?.apply_op1_no_bwd(&self.gelu)?;
        wide.matmul(&self.narrow)?.apply_op2_no_bwd(&state, &self.narrow_norm)
    }
}

/// Attention inside one sequence: `[length, 3 * hidden]` in, `[length, hidden]` out.
fn attend(mixed: &Tensor, heads: usize) -> Result<Tensor> {
    let (length, width) = mixed.dims2()?;
    let (hidden, size) = (width / 3, width / 3 / heads);
    let part = |number: usize| {
        // Strided views: matrix multiplication reads them without a copy.
        mixed.narrow(1, number * hidden, hidden)?.reshape((length, heads, size))?.transpose(0, 1)
    };
    let scores = part(0)?.matmul(&part(1)?.t()?)?.apply_op1_no_bwd(&Softmax)?;
    scores.matmul(&part(2)?.contiguous()?)?.transpose(0, 1)?.reshape((length, hidden))
}
