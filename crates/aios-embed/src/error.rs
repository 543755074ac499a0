//! Why a directory is no model that can be used.

use std::io;
use std::path::PathBuf;

/// A model's directory cannot be used. Each error names the file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is larger than any that is meant.
    #[error("cannot use {}: it has more than {n_max} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most.
        n_max: u64,
    },
    /// A file does not hold what it should.
    #[error("cannot use {}: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A setting asks for what is not done here, or for more than is allowed.
    #[error("cannot use {}: `{key}` is {found}, and only {known} can be used", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it could be.
        known: &'static str,
    },
}

impl LoadError {
    /// What whoever named the directory can do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => {
                "name a directory as sentence-transformers saves it, with modules.json, config.json, tokenizer.json and model.safetensors, that aios may read"
            }
            Self::TooLarge { .. } | Self::Unknown { .. } => {
                "take a BERT-class sentence transformer, such as all-MiniLM-L6-v2 or bge-small-en-v1.5, or have the embedder tier make the vectors"
            }
            Self::Malformed { .. } => "copy the model's directory anew",
        }
    }
}
