//! Vectors of meaning: an option. Without them everything works by words.
//!
//! Each vector says which model made it, for vectors of two models cannot be compared. They are kept as
//! bytes with one scale: measured, that finds what whole numbers find.

/// Which model made a vector.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelId {
    /// Its name.
    pub name: String,
    /// Its revision, as its publisher calls it.
    pub revision: String,
    /// Digest of its weights, or empty for a model behind an API.
    pub digest: String,
    /// Numbers in each vector.
    pub dim: u16,
}

/// Makes vectors in this process. Whoever has the model implements it; this crate only compares.
pub trait Embedder: std::fmt::Debug + Send + Sync {
    /// What is stored beside each vector.
    fn model(&self) -> &ModelId;

    /// The vector of a text. What could go wrong has gone wrong when the model was read.
    fn embed(&self, text: &str) -> Vec<f32>;
}

/// A vector of length one, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantized {
    /// What a byte of one stands for.
    pub scale: f32,
    /// The numbers.
    pub bytes: Vec<i8>,
}

impl Quantized {
    /// Of any vector; `None` if it has no direction.
    #[must_use]
    pub fn of(vector: &[f32]) -> Option<Self> {
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        let largest = vector.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        if !length.is_finite() || largest <= 0.0 {
            return None;
        }
        let step = largest / 127.0;
        let bytes = vector.iter().map(|x| (x / step).round() as i8).collect();
        Some(Self { scale: step / length, bytes })
    }

    /// How alike two directions are, from -1 to 1; 0 for vectors that cannot be compared.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> f32 {
        if self.bytes.len() != other.bytes.len() {
            return 0.0;
        }
        let pairs = self.bytes.iter().zip(&other.bytes);
        let dot: i32 = pairs.map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
        dot as f32 * self.scale * other.scale
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_say_what_the_numbers_say(
            pairs in prop::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 32..64),
        ) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
            let exact = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
            let (Some(a), Some(b)) = (Quantized::of(&a), Quantized::of(&b)) else { return Ok(()) };
            prop_assert!((a.cosine(&b) - exact).abs() < 0.03, "{} {exact}", a.cosine(&b));
        }
    }

    #[test]
    fn what_has_no_direction_is_no_vector() {
        assert_eq!(Quantized::of(&[0.0, 0.0]), None);
        assert_eq!(Quantized::of(&[f32::NAN, 1.0]), None);
        let [two, three] = [&[1.0, 0.0][..], &[1.0, 0.0, 0.0]].map(|v| Quantized::of(v).unwrap());
        assert_eq!(two.cosine(&three), 0.0);
    }
}
