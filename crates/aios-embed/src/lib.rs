//! Vectors of meaning by a sentence transformer that lies in a local directory.
//!
//! The directory is as the library `sentence-transformers` saves it: a BERT, a pooling and, mostly, a
//! normalization. What is in it is checked when it is read, sizes before anything of that size is allocated, so
//! that making a vector afterwards cannot fail. What is not understood is refused by name: a model that is run
//! almost as it was trained gives vectors that look right and find the wrong things.
//!
//! Nothing is downloaded, nothing written. One text is computed at a time: what would be padding in a batch is not
//! there, and so neither is the mask that hides it.

mod bert;
mod directory;
mod error;
mod model;
mod pooling;
mod settings;
#[cfg(test)]
mod tests;
mod tokenizer;
mod weights;

pub use error::LoadError;
pub use model::SentenceTransformer;
