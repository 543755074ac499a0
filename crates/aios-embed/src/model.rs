//! The whole of it: a directory becomes what makes vectors.

use std::fmt;
use std::path::Path;

use aios_memory::{Embedder, ModelId};

use crate::LoadError;
use crate::bert::Bert;
use crate::directory::Directory;
use crate::pooling::Pooling;
use crate::settings::{Modules, Shape, Taking};
use crate::tokenizer::{Tokenizer, Told};
use crate::weights::Weights;

/// How the store calls models that lie in a directory. Which one it is says the digest, wherever it lies.
const NAME: &str = "local";

/// A sentence transformer, in memory.
pub struct SentenceTransformer {
    id: ModelId,
    tokenizer: Tokenizer,
    bert: Bert,
    pooling: Pooling,
    is_normalized: bool,
    lowers: bool,
    tokens_max: usize,
}

impl SentenceTransformer {
    /// Reads a model, and checks all of it.
    ///
    /// # Errors
    /// When a file is missing or damaged, or asks for what is not done here.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let mut directory = Directory::new(path);
        let modules = Modules::read(&mut directory)?;
        let shape = Shape::read(&mut directory)?;
        let pooling = Pooling::read(&mut directory, &modules.pooling)?;
        let taking = Taking::read(&mut directory)?;
        let told = Told::read(&mut directory)?;
        let tokenizer = Tokenizer::read(&mut directory, &told, shape.vocab_size)?;
        let weights = Weights::read(&mut directory)?;
        let bert = Bert::new(&shape, &weights.tensors()?)?;
        let id = ModelId {
            name: NAME.to_owned(),
            revision: String::new(),
            digest: directory.into_digest(),
            dim: shape.dim(),
        };
        let tokens_max = taking.tokens_max(&shape, told.tokens_max());
        let (is_normalized, lowers) = (modules.is_normalized, taking.do_lower_case);
        Ok(Self { id, tokenizer, bert, pooling, is_normalized, lowers, tokens_max })
    }

    /// What the encoder gets of a text.
    pub(crate) fn tokens(&self, text: &str) -> Vec<usize> {
        if self.lowers {
            self.tokenizer.tokens(&text.to_lowercase(), self.tokens_max)
        } else {
            self.tokenizer.tokens(text, self.tokens_max)
        }
    }
}

impl Embedder for SentenceTransformer {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn embed(&self, text: &str) -> Vec<f32> {
        let mut vector = self.pooling.of(&self.bert.forward(&self.tokens(text)));
        if self.is_normalized {
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
            vector.iter_mut().for_each(|x| *x /= length);
        }
        vector
    }
}

impl fmt::Debug for SentenceTransformer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentenceTransformer").field("id", &self.id).finish_non_exhaustive()
    }
}
