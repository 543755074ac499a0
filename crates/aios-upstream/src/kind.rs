//! The model servers whose ways we know.

use serde::{Deserialize, Serialize};

/// Which server an endpoint is; decides which of its quirks are expected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerKind {
    /// Find out from its replies.
    #[default]
    Auto,
    /// LM Studio.
    LmStudio,
    /// Ollama.
    Ollama,
    /// The server of llama.cpp.
    LlamaCpp,
    /// vLLM.
    Vllm,
    /// OpenAI, or any other server with its API.
    OpenAi,
    /// A model simulated in this process.
    Simulated,
}
