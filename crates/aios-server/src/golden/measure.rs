//! What takes another model to see: how near an answer is to a text, and how good a judge finds it.

use aios_eval::{GoldenCase, Judgment, Verdict, cosine, median};
use serde_json::{Value, json};

use super::asker::Asker;

/// The cosine between the vectors of two texts.
pub(super) async fn similarity(asker: &Asker, expected: &str, answer: &str) -> Result<f64, String> {
    let body = json!({ "model": "aios-auto", "input": [expected, answer] });
    let reply = post(asker, "/embeddings", &body).await?;
    let vector = |n: usize| -> Option<Vec<f64>> {
        let all = reply["data"].as_array()?;
        let one = all.iter().find(|one| one["index"] == n)?;
        one["embedding"].as_array()?.iter().map(Value::as_f64).collect()
    };
    let both = vector(0).zip(vector(1)).and_then(|(a, b)| cosine(&a, &b));
    both.ok_or_else(|| "the vectors cannot be compared".to_owned())
}

/// The median of what the judge gives.
pub(super) async fn judge(
    asker: &Asker,
    case: &GoldenCase,
    rubric: &str,
    answer: &str,
) -> Result<f64, String> {
    let judgment = Judgment { question: &case.question, answer, rubric };
    let mut scores = Vec::new();
    for _ in 0..asker.judge.votes {
        let mark = mark()?;
        let body = judgment.request(&asker.judge.model, &mark);
        let reply = post(asker, "/chat/completions", &body).await?;
        scores.push(Verdict::read(&reply, &mark)?.score);
    }
    median(&scores).ok_or_else(|| "the judge was not asked".to_owned())
}

/// A mark that nobody can guess.
fn mark() -> Result<String, String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| format!("there is no randomness: {error}"))?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}

async fn post(asker: &Asker, path: &str, body: &Value) -> Result<Value, String> {
    let json = serde_json::to_vec(body).unwrap_or_default();
    let reply =
        asker.post.post(path, json, asker.timeout).await.map_err(|error| error.to_string())?;
    if reply.status != 200 {
        return Err(format!("{path} answered with status {}", reply.status));
    }
    serde_json::from_slice(&reply.body).map_err(|error| format!("{path} gives no JSON: {error}"))
}
