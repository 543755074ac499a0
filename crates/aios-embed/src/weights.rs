//! `model.safetensors`: numbers by name, each array of the size that the settings ask for.

use std::path::PathBuf;

use ndarray::{Array1, Array2};
use safetensors::{Dtype, SafeTensors};

use crate::LoadError;
use crate::directory::Directory;

/// Largest file. What is allocated for its numbers is at most twice that.
const BYTES_MAX: u64 = 2 << 30;

/// The file, read.
pub(crate) struct Weights {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// The arrays in it.
pub(crate) struct Tensors<'a> {
    path: PathBuf,
    tensors: SafeTensors<'a>,
    /// Some models are saved as a part of a larger one.
    prefix: &'static str,
}

impl Weights {
    pub(crate) fn read(directory: &mut Directory) -> Result<Self, LoadError> {
        let contents = directory.read("model.safetensors", BYTES_MAX)?;
        Ok(Self { path: contents.path, bytes: contents.bytes })
    }

    pub(crate) fn tensors(&self) -> Result<Tensors<'_>, LoadError> {
        let path = self.path.clone();
        let tensors = match SafeTensors::deserialize(&self.bytes) {
            Ok(tensors) => tensors,
            Err(error) => return Err(LoadError::Malformed { path, why: error.to_string() }),
        };
        let is_part = tensors.names().iter().any(|name| name.starts_with("bert.embeddings."));
        Ok(Tensors { path, tensors, prefix: if is_part { "bert." } else { "" } })
    }
}

impl Tensors<'_> {
    /// A row of numbers.
    pub(crate) fn row(&self, name: &str, n: usize) -> Result<Array1<f32>, LoadError> {
        Ok(Array1::from_vec(self.numbers(name, &[n])?))
    }

    /// Rows of numbers.
    pub(crate) fn rows(
        &self,
        name: &str,
        n_rows: usize,
        n: usize,
    ) -> Result<Array2<f32>, LoadError> {
        let numbers = self.numbers(name, &[n_rows, n])?;
        Array2::from_shape_vec((n_rows, n), numbers)
            .map_err(|error| self.malformed(name, &error.to_string()))
    }

    fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LoadError> {
        let name = format!("{}{name}", self.prefix);
        let tensor = self.tensors.tensor(&name).map_err(|_missing| {
            self.malformed(&name, "is missing, and `config.json` asks for it")
        })?;
        if tensor.shape() != shape {
            let why =
                format!("is of {:?} numbers, and `config.json` asks for {shape:?}", tensor.shape());
            return Err(self.malformed(&name, &why));
        }
        let numbers: Vec<f32> = match tensor.dtype() {
            Dtype::F32 => each(tensor.data(), f32::from_le_bytes),
            Dtype::F16 => each(tensor.data(), |bytes| half(u16::from_le_bytes(bytes))),
            Dtype::BF16 => each(tensor.data(), |[low, high]| f32::from_le_bytes([0, 0, low, high])),
            other => {
                let why =
                    format!("has numbers of the type {other:?}; F32, F16 and BF16 can be used");
                return Err(self.malformed(&name, &why));
            }
        };
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(self.malformed(&name, "has numbers that are not finite"));
        }
        Ok(numbers)
    }

    fn malformed(&self, name: &str, why: &str) -> LoadError {
        LoadError::Malformed { path: self.path.clone(), why: format!("`{name}` {why}") }
    }
}

fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)).collect()
}

/// A number of sixteen bits: a sign, five of exponent, ten of fraction.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1024.0 + fraction) * 2.0_f32.powi(exponent - 25),
    };
    sign * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_what_the_standard_says() {
        for (bits, expect) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(half(bits), expect, "{bits:#x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
