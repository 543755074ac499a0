//! A BERT encoder, forwards only, for one text at a time.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Axis, Slice, concatenate};

use crate::LoadError;
use crate::settings::{Activation, Shape};
use crate::weights::Tensors;

/// The encoder.
pub(crate) struct Bert {
    words: Array2<f32>,
    /// Of each place, with that of the first kind of text added: there is no other.
    positions: Array2<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    /// Questions, keys and values behind each other.
    seen: Linear,
    attended: Linear,
    attention_norm: Norm,
    inner: Linear,
    outer: Linear,
    norm: Norm,
    n_heads: usize,
    activation: Activation,
}

struct Linear {
    /// A row for each number that comes out.
    weight: Array2<f32>,
    bias: Array1<f32>,
}

struct Norm {
    weight: Array1<f32>,
    bias: Array1<f32>,
    eps: f32,
}

impl Bert {
    pub(crate) fn new(shape: &Shape, tensors: &Tensors<'_>) -> Result<Self, LoadError> {
        let (hidden, table) = (shape.hidden_size, |name: &str, n| {
            tensors.rows(&format!("embeddings.{name}_embeddings.weight"), n, shape.hidden_size)
        });
        let mut positions = table("position", shape.max_position_embeddings)?;
        positions += &table("token_type", shape.type_vocab_size)?.row(0);
        let layers = (0..shape.num_hidden_layers).map(|n| Layer::new(shape, tensors, n));
        Ok(Self {
            words: table("word", shape.vocab_size)?,
            positions,
            norm: Norm::new(tensors, "embeddings.LayerNorm", hidden, shape.layer_norm_eps)?,
            layers: layers.collect::<Result<_, _>>()?,
        })
    }

    /// A vector for each token. There are no more of them than positions, and each stands in the vocabulary.
    pub(crate) fn forward(&self, tokens: &[usize]) -> Array2<f32> {
        let mut x = self.words.select(Axis(0), tokens);
        x += &self.positions.slice_axis(Axis(0), Slice::from(..tokens.len()));
        self.norm.apply(&mut x);
        self.layers.iter().fold(x, |x, layer| layer.apply(&x))
    }
}

impl Layer {
    fn new(shape: &Shape, tensors: &Tensors<'_>, n: usize) -> Result<Self, LoadError> {
        let (hidden, inner, eps) =
            (shape.hidden_size, shape.intermediate_size, shape.layer_norm_eps);
        let linear = |name: &str, n_in, n_out| {
            Linear::new(tensors, &format!("encoder.layer.{n}.{name}"), n_in, n_out)
        };
        let norm =
            |name: &str| Norm::new(tensors, &format!("encoder.layer.{n}.{name}"), hidden, eps);
        let seen = ["query", "key", "value"]
            .map(|name| linear(&format!("attention.self.{name}"), hidden, hidden));
        let [query, key, value] = seen;
        Ok(Self {
            seen: Linear::side_by_side(&[query?, key?, value?]),
            attended: linear("attention.output.dense", hidden, hidden)?,
            attention_norm: norm("attention.output.LayerNorm")?,
            inner: linear("intermediate.dense", hidden, inner)?,
            outer: linear("output.dense", inner, hidden)?,
            norm: norm("output.LayerNorm")?,
            n_heads: shape.num_attention_heads,
            activation: shape.hidden_act,
        })
    }

    fn apply(&self, x: &Array2<f32>) -> Array2<f32> {
        let mut attended = self.attended.apply(&self.attention(x));
        attended += x;
        self.attention_norm.apply(&mut attended);
        let mut inner = self.inner.apply(&attended);
        inner.mapv_inplace(self.activation.function());
        let mut x = self.outer.apply(&inner);
        x += &attended;
        self.norm.apply(&mut x);
        x
    }

    /// What each token takes from all tokens, head by head.
    fn attention(&self, x: &Array2<f32>) -> Array2<f32> {
        let (n, hidden) = x.dim();
        let width = hidden / self.n_heads;
        let scale = 1.0 / (width as f32).sqrt();
        let seen = self.seen.apply(x);
        let mut taken = Array2::zeros((n, hidden));
        for head in 0..self.n_heads {
            let part = |which: usize| {
                let first = which * hidden + head * width;
                seen.slice_axis(Axis(1), Slice::from(first..first + width))
            };
            let mut scores = part(0).dot(&part(1).t());
            scores *= scale;
            softmax(&mut scores);
            let first = head * width;
            let mut here = taken.slice_axis_mut(Axis(1), Slice::from(first..first + width));
            general_mat_mul(1.0, &scores, &part(2), 0.0, &mut here);
        }
        taken
    }
}

impl Linear {
    fn new(
        tensors: &Tensors<'_>,
        name: &str,
        n_in: usize,
        n_out: usize,
    ) -> Result<Self, LoadError> {
        Ok(Self {
            weight: tensors.rows(&format!("{name}.weight"), n_out, n_in)?,
            bias: tensors.row(&format!("{name}.bias"), n_out)?,
        })
    }

    /// One that gives what all of them give: one product is less work than three.
    fn side_by_side(all: &[Self; 3]) -> Self {
        let [a, b, c] = all;
        Self {
            weight: concatenate![Axis(0), a.weight, b.weight, c.weight],
            bias: concatenate![Axis(0), a.bias, b.bias, c.bias],
        }
    }

    fn apply(&self, x: &Array2<f32>) -> Array2<f32> {
        let mut y = x.dot(&self.weight.t());
        y += &self.bias;
        y
    }
}

impl Norm {
    fn new(tensors: &Tensors<'_>, name: &str, n: usize, eps: f32) -> Result<Self, LoadError> {
        let row = |what: &str| tensors.row(&format!("{name}.{what}"), n);
        Ok(Self { weight: row("weight")?, bias: row("bias")?, eps })
    }

    fn apply(&self, x: &mut Array2<f32>) {
        for mut row in x.rows_mut() {
            let n = row.len() as f32;
            let mean = row.sum() / n;
            let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / n;
            let scale = 1.0 / (variance + self.eps).sqrt();
            ndarray::Zip::from(&mut row)
                .and(&self.weight)
                .and(&self.bias)
                .for_each(|x, weight, bias| *x = (*x - mean) * scale * weight + bias);
        }
    }
}

fn softmax(scores: &mut Array2<f32>) {
    for mut row in scores.rows_mut() {
        // So that none overflows.
        let most = row.fold(f32::NEG_INFINITY, |most, one| most.max(*one));
        row.mapv_inplace(|one| (one - most).exp());
        let sum = row.sum();
        row /= sum;
    }
}

impl Activation {
    fn function(self) -> fn(f32) -> f32 {
        match self {
            Self::Gelu => |x| 0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)),
            Self::GeluNew => |x| {
                let scale = std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2;
                0.5 * x * (1.0 + (scale * (x + 0.044_715 * x * x * x)).tanh())
            },
            Self::Relu => |x| x.max(0.0),
        }
    }
}
