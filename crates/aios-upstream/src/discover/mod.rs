//! Finds model servers on this machine, so that AIOS works without a configuration.
//!
//! Every known server lists its models at `/v1/models`; who does not answer there is no model
//! server. What it is, and how large its models are, is then asked in its own dialect. Nothing but
//! loopback is asked, and every question has a short time limit.

mod dialect;
mod size;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::Method;

use crate::ServerKind;
use crate::quirks::llamacpp;
use dialect::Listing;
pub use size::billions_of_name;

/// Longest wait for one answer of a probed server.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// Makes one HTTP request and reads the whole reply, of bounded length.
pub trait Fetch: Send + Sync {
    /// Status and body of the reply; `None` if there was none. `body` is JSON or empty.
    fn fetch(
        &self,
        method: Method,
        url: &str,
        body: Bytes,
    ) -> impl Future<Output = Option<(u16, Bytes)>> + Send;
}

/// A model server that answered.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundServer {
    /// Which server it is; [`ServerKind::OpenAi`] if none that we know.
    pub kind: ServerKind,
    /// Base URL of its OpenAI-compatible API, with `/v1`.
    pub url: String,
    /// It answers, but is still loading its model.
    pub loading: bool,
    /// Its models, as it lists them.
    pub models: Vec<FoundModel>,
}

/// A model of a found server.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundModel {
    /// The name to ask for.
    pub id: String,
    /// It makes vectors, not text.
    pub embedding: bool,
    /// Number of parameters, in billions: as reported, else from the name, else from the size.
    pub billions: Option<f64>,
    /// Whether it is in memory; `None` if the server does not say.
    pub loaded: Option<bool>,
}

/// A model picked for a tier.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    /// The server's kind.
    pub kind: ServerKind,
    /// The server's base URL.
    pub url: String,
    /// The model's name.
    pub model: String,
}

/// The models picked for both tiers; they may be the same one.
#[derive(Debug, Clone, PartialEq)]
pub struct Tiers {
    /// The largest generating model.
    pub main: Pick,
    /// The smallest generating model.
    pub embedder: Pick,
}

/// Asks each root (`http://host:port`) who it is, all at the same time. Silent ones are left out.
pub async fn discover<F: Fetch>(fetch: &F, roots: &[&str]) -> Vec<FoundServer> {
    let found = join_all(roots.iter().map(|root| probe(fetch, root))).await;
    found.into_iter().flatten().collect()
}

/// Picks the largest generating model for main and the smallest for embedder.
///
/// Where no model's size is known, the first that is in memory serves both, else the first listed:
/// a guess between unknown sizes could put the tiers the wrong way round. `None` if no model
/// generates text.
#[must_use]
pub fn choose_tiers(found: &[FoundServer]) -> Option<Tiers> {
    let all =
        found.iter().flat_map(|server| server.models.iter().map(move |model| (server, model)));
    let generating: Vec<_> = all.filter(|(_, model)| !model.embedding).collect();
    let sized: Vec<_> = generating
        .iter()
        .filter_map(|(server, model)| Some((model.billions?, Pick::of(server, model))))
        .collect();
    // Of equal sizes the first listed wins, both ways: `max_by` takes the last, `min_by` the first.
    let largest = sized.iter().rev().max_by(|a, b| a.0.total_cmp(&b.0));
    let smallest = sized.iter().min_by(|a, b| a.0.total_cmp(&b.0));
    if let (Some((_, main)), Some((_, embedder))) = (largest, smallest) {
        return Some(Tiers { main: main.clone(), embedder: embedder.clone() });
    }
    let in_memory = generating.iter().find(|(_, model)| model.loaded == Some(true));
    let (server, model) = in_memory.or(generating.first())?;
    let only = Pick::of(server, model);
    Some(Tiers { main: only.clone(), embedder: only })
}

impl Pick {
    fn of(server: &FoundServer, model: &FoundModel) -> Self {
        Self { kind: server.kind, url: server.url.clone(), model: model.id.clone() }
    }
}

async fn probe<F: Fetch>(fetch: &F, root: &str) -> Option<FoundServer> {
    let get = async |path: &str| {
        let url = format!("{root}{path}");
        let reply = fetch.fetch(Method::GET, &url, Bytes::new());
        tokio::time::timeout(PROBE_TIMEOUT, reply).await.ok().flatten()
    };
    let (status, listed) = get("/v1/models").await?;
    let url = format!("{root}/v1");
    if llamacpp::is_loading(status, &listed) {
        return Some(FoundServer {
            kind: ServerKind::LlamaCpp,
            url,
            loading: true,
            models: Vec::new(),
        });
    }
    let listing = Listing::read(status, &listed)?;
    let found = |kind, models| Some(FoundServer { kind, url: url.clone(), loading: false, models });
    if let Some(kind) = listing.kind {
        return found(kind, listing.models);
    }
    for (path, kind, read) in dialect::NATIVE {
        if let Some((200, body)) = get(path).await
            && let Some(models) = read(&body)
        {
            return found(kind, models);
        }
    }
    for (path, kind, is_theirs) in dialect::MARKS {
        if let Some((200, body)) = get(path).await
            && is_theirs(&body)
        {
            return found(kind, listing.models);
        }
    }
    found(ServerKind::OpenAi, listing.models)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Servers made of paths and bodies; anything else is answered as LM Studio does.
    struct Canned(BTreeMap<&'static str, (u16, &'static str)>);

    impl Fetch for Canned {
        async fn fetch(&self, _: Method, url: &str, _: Bytes) -> Option<(u16, Bytes)> {
            if url.starts_with("http://silent") {
                return std::future::pending().await;
            }
            let path = url.strip_prefix("http://host")?;
            let unknown = (200, r#"{"error":"Unexpected endpoint or method."}"#);
            let (status, body) = self.0.get(path).copied().unwrap_or(unknown);
            Some((status, Bytes::from_static(body.as_bytes())))
        }
    }

    async fn find(replies: &[(&'static str, &'static str)]) -> Vec<FoundServer> {
        let replies = replies.iter().map(|(path, body)| (*path, (200, *body))).collect();
        discover(&Canned(replies), &["http://silent", "http://host", "http://nobody"]).await
    }

    type Seen<'a> = (&'a str, bool, Option<f64>, Option<bool>);

    fn check(found: &[FoundServer], kind: ServerKind, models: &[Seen<'_>]) {
        let [server] = found else { panic!("{found:?}") };
        assert_eq!((server.kind, server.url.as_str()), (kind, "http://host/v1"));
        let seen: Vec<_> = server
            .models
            .iter()
            .map(|m| (m.id.as_str(), m.embedding, m.billions, m.loaded))
            .collect();
        assert_eq!(seen, models);
    }

    const LISTED: &str = r#"{"object":"list","data":[{"id":"qwen2.5-7b-instruct","object":"model","owned_by":"organization_owner"},{"id":"text-embedding-nomic-embed-text-v1.5","object":"model"}]}"#;

    #[tokio::test(start_paused = true)]
    async fn lm_studio_is_found_by_its_newest_dialect() {
        let v1 = r#"{"models":[
            {"type":"llm","publisher":"qwen","key":"qwen/qwen3-8b","size_bytes":5027783488,"params_string":"8B","loaded_instances":[{"id":"qwen/qwen3-8b","config":{"context_length":4096}}],"max_context_length":40960,"format":"gguf"},
            {"type":"embedding","key":"text-embedding-nomic-embed-text-v1.5","size_bytes":84106624,"params_string":null,"loaded_instances":[]}]}"#;
        let found =
            find(&[("/v1/models", LISTED), ("/api/v1/models", v1), ("/api/v0/models", "{}")]).await;
        let nomic = 84_106_624.0 / 0.6e9;
        let expect = [
            ("qwen/qwen3-8b", false, Some(8.0), Some(true)),
            ("text-embedding-nomic-embed-text-v1.5", true, Some(nomic), Some(false)),
        ];
        check(&found, ServerKind::LmStudio, &expect);

        let v0 = r#"{"object":"list","data":[{"id":"qwen2-vl-7b-instruct","object":"model","type":"vlm","arch":"qwen2_vl","state":"not-loaded","max_context_length":32768},{"id":"nomic","type":"embeddings","state":"loaded"}]}"#;
        let found = find(&[("/v1/models", LISTED), ("/api/v0/models", v0)]).await;
        let expect = [
            ("qwen2-vl-7b-instruct", false, Some(7.0), Some(false)),
            ("nomic", true, None, Some(true)),
        ];
        check(&found, ServerKind::LmStudio, &expect);
    }

    #[tokio::test(start_paused = true)]
    async fn ollama_is_found_with_sizes() {
        let tags = r#"{"models":[{"name":"gemma3:latest","model":"gemma3:latest","size":3338801804,"digest":"a2af","details":{"format":"gguf","family":"gemma","families":["gemma"],"parameter_size":"4.3B","quantization_level":"Q4_K_M"}},{"name":"all-minilm:22m","size":45960996,"details":{"family":"bert","parameter_size":"23M"}}]}"#;
        let found = find(&[("/v1/models", LISTED), ("/api/tags", tags)]).await;
        let expect = [
            ("gemma3:latest", false, Some(4.3), None),
            ("all-minilm:22m", true, Some(0.023), None),
        ];
        check(&found, ServerKind::Ollama, &expect);
    }

    #[tokio::test(start_paused = true)]
    async fn llama_cpp_and_vllm_are_found_by_their_listing() {
        let llama = r#"{"models":[{"name":"m.gguf"}],"object":"list","data":[{"id":"m.gguf","object":"model","owned_by":"llamacpp","meta":{"vocab_type":2,"n_params":8030261312,"size":4912898304}}]}"#;
        check(
            &find(&[("/v1/models", llama)]).await,
            ServerKind::LlamaCpp,
            &[("m.gguf", false, Some(8.030_261_312), Some(true))],
        );
        let vllm = r#"{"object":"list","data":[{"id":"meta-llama/Llama-3.1-70B-Instruct","object":"model","owned_by":"vllm","root":"x","max_model_len":8192}]}"#;
        let expect = [("meta-llama/Llama-3.1-70B-Instruct", false, Some(70.0), Some(true))];
        check(&find(&[("/v1/models", vllm)]).await, ServerKind::Vllm, &expect);
    }

    #[tokio::test(start_paused = true)]
    async fn other_servers_are_told_by_their_marks() {
        let listed = r#"{"object":"list","data":[{"id":"m-3b","object":"model"}]}"#;
        let expect = [("m-3b", false, Some(3.0), None)];
        check(&find(&[("/v1/models", listed)]).await, ServerKind::OpenAi, &expect);
        let props = r#"{"default_generation_settings":{"n_ctx":4096},"total_slots":4,"model_path":"m.gguf"}"#;
        check(
            &find(&[("/v1/models", listed), ("/props", props)]).await,
            ServerKind::LlamaCpp,
            &expect,
        );
        let version = r#"{"version":"0.11.0"}"#;
        check(
            &find(&[("/v1/models", listed), ("/version", version)]).await,
            ServerKind::Vllm,
            &expect,
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_loads_is_found_and_strangers_are_not() {
        let loading =
            (503, r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#);
        let found = discover(&Canned([("/v1/models", loading)].into()), &["http://host"]).await;
        assert!(found.len() == 1 && found[0].loading, "{found:?}");
        assert_eq!(find(&[("/v1/models", "<html>hello</html>")]).await, []);
    }

    fn server(models: &[Seen<'_>]) -> FoundServer {
        let model = |&(id, embedding, billions, loaded): &Seen<'_>| FoundModel {
            id: id.to_owned(),
            embedding,
            billions,
            loaded,
        };
        let models = models.iter().map(model).collect();
        FoundServer { kind: ServerKind::OpenAi, url: "u".to_owned(), loading: false, models }
    }

    fn check_tiers(models: &[Seen<'_>], expect: Option<(&str, &str)>) {
        let tiers = choose_tiers(&[server(models)]);
        let seen =
            tiers.as_ref().map(|tiers| (tiers.main.model.as_str(), tiers.embedder.model.as_str()));
        assert_eq!(seen, expect, "{models:?}");
    }

    #[test]
    fn the_largest_model_is_main_and_the_smallest_embedder() {
        let (big, small) = (("big", false, Some(70.0), None), ("small", false, Some(1.0), None));
        let vectors = ("vectors", true, Some(0.1), None);
        let unknown = ("unknown", false, None, Some(true));
        check_tiers(&[small, vectors, big, unknown], Some(("big", "small")));
        check_tiers(&[vectors, small], Some(("small", "small")));
        check_tiers(&[("a", false, None, None), unknown], Some(("unknown", "unknown")));
        check_tiers(&[("a", false, None, None), ("b", false, None, None)], Some(("a", "a")));
        check_tiers(&[big, ("twin", false, Some(70.0), None)], Some(("big", "big")));
        check_tiers(&[vectors], None);
        check_tiers(&[], None);
    }
}
