//! How large a model is, from its name or its file.

/// Bytes per parameter of a model quantized to about 4.5 bits, which most local models are.
const BYTES_PER_PARAMETER: f64 = 0.6;

/// Number of parameters in billions, from a name such as `qwen2.5-7b`, `llama-3.2-1.2B`,
/// `mixtral-8x7b` or `smollm-135m`. The largest size in the name counts, because names of
/// mixtures (`30b-a3b`) also tell how many are active, and some tell their context (`1M`).
#[must_use]
pub fn billions_of_name(name: &str) -> Option<f64> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    words.filter_map(billions_of_word).max_by(f64::total_cmp)
}

/// Number of parameters in billions, estimated from the size of the model's file.
pub(super) fn billions_of_bytes(bytes: f64) -> Option<f64> {
    (bytes > 0.0).then_some(bytes / 1e9 / BYTES_PER_PARAMETER)
}

/// `7b`, `1.2B`, `8x7b`, `e4b`, `270m`.
fn billions_of_word(word: &str) -> Option<f64> {
    let word = word.to_ascii_lowercase();
    let (number, unit) = match (word.strip_suffix('b'), word.strip_suffix('m')) {
        (Some(number), _) => (number, 1.0),
        (None, Some(number)) => (number, 1e-3),
        (None, None) => return None,
    };
    let (n_experts, number) = number.split_once('x').unwrap_or(("1", number));
    let number = number.strip_prefix('e').unwrap_or(number);
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let value = |text: &str| text.parse::<f64>().ok().filter(|value| plain(text) && *value > 0.0);
    Some(value(n_experts)? * value(number)? * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_from_names() {
        for (name, expect) in [
            ("qwen2.5-7b-instruct", Some(7.0)),
            ("Llama-3.2-1.2B", Some(1.2)),
            ("llama3.2:1b", Some(1.0)),
            ("mistralai/Mixtral-8x7B-Instruct-v0.1", Some(56.0)),
            ("qwen3-30b-a3b@q4_k_m", Some(30.0)),
            ("google/gemma-3n-e4b", Some(4.0)),
            ("smollm2-135m", Some(0.135)),
            ("qwen2.5-7b-instruct-1m", Some(7.0)),
            ("openai/gpt-oss-20b", Some(20.0)),
            ("4.3B", Some(4.3)),
            ("gemma3:latest", None),
            ("phi-4", None),
            ("q8_0-4bit-bmb-inf.b", None),
            ("", None),
        ] {
            assert_eq!(billions_of_name(name), expect, "{name}");
        }
    }
}
