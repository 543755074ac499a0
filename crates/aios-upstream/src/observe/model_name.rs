//! Whether a reply came from the model that was asked for.
//!
//! LM Studio answers with whatever is loaded, under any requested name. Unnoticed, that would make
//! every comparison of two models a comparison of one with itself. Servers also spell one model in
//! several ways, so the names are compared leniently. These are the same model:
//!
//! - `Qwen2.5-7B-Instruct` and `qwen2.5-7b-instruct` (case),
//! - `llama3.2` and `llama3.2:latest` (Ollama's default tag),
//! - `qwen/qwen3-8b`, `C:\models\qwen3-8b.gguf` and `qwen3-8b` (publisher, path, file type),
//! - `qwen3-8b@q4_k_m` and `qwen3-8b` (LM Studio's name of a quantization),
//! - `qwen3-8b:2` and `qwen3-8b` (LM Studio's name of a second loaded copy),
//! - `gpt-4o-2024-08-06` and `gpt-4o` (a dated snapshot behind an alias).
//!
//! `llama3.2:1b` and `llama3.2:3b` are two models.

/// Fewest digits of a date or version stamp, as in `-0613`; fewer may be a size.
const STAMP_DIGITS_MIN: usize = 4;
/// Most digits of a loaded copy's number; more would be a tag of its own.
const COPY_DIGITS_MAX: usize = 2;

/// Whether two names mean one model, by the rules of this module.
pub(super) fn same_model(requested: &str, replied: &str) -> bool {
    let (requested, replied) = (core_of(requested), core_of(replied));
    continues(requested, replied) || continues(replied, requested)
}

/// The name without publisher, path, file type, quantization and default tag.
fn core_of(name: &str) -> &str {
    let name = name.trim();
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let name = name.split('@').next().unwrap_or(name);
    let name = strip_suffix_ignore_case(name, ":latest");
    strip_suffix_ignore_case(name, ".gguf")
}

fn strip_suffix_ignore_case<'a>(name: &'a str, suffix: &str) -> &'a str {
    let split = name.len().checked_sub(suffix.len()).and_then(|at| name.split_at_checked(at));
    match split {
        Some((head, tail)) if tail.eq_ignore_ascii_case(suffix) => head,
        Some(_) | None => name,
    }
}

/// Whether `long` is `short`, or `short` with a date stamp or a copy's number.
fn continues(short: &str, long: &str) -> bool {
    long.split_at_checked(short.len())
        .is_some_and(|(head, rest)| head.eq_ignore_ascii_case(short) && is_harmless(rest))
}

fn is_harmless(rest: &str) -> bool {
    let n_digits = rest.bytes().filter(u8::is_ascii_digit).count();
    match rest.as_bytes() {
        [] => true,
        [b':', digits @ ..] => {
            (1..=COPY_DIGITS_MAX).contains(&n_digits) && n_digits == digits.len()
        }
        [b'-', stamp @ ..] => {
            n_digits >= STAMP_DIGITS_MIN && stamp.iter().all(|b| b.is_ascii_digit() || *b == b'-')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expect: bool, requested: &str, replied: &str) {
        assert_eq!(same_model(requested, replied), expect, "{requested} {replied}");
        assert_eq!(same_model(replied, requested), expect, "{replied} {requested}");
    }

    #[test]
    fn one_model_has_many_spellings() {
        check(true, "Qwen2.5-7B-Instruct", "qwen2.5-7b-instruct");
        check(true, "llama3.2", "llama3.2:latest");
        check(true, "qwen/qwen3-8b", "qwen3-8b");
        check(true, "qwen3-8b", r"C:\models\Qwen3-8B.GGUF");
        check(true, "qwen3-8b", "/srv/models/qwen3-8b.gguf");
        check(true, "qwen3-8b@q4_k_m", "qwen3-8b");
        check(true, "qwen3-8b:2", "qwen3-8b");
        check(true, "gpt-4o", "gpt-4o-2024-08-06");
        check(true, "gpt-3.5-turbo", "gpt-3.5-turbo-0613");
    }

    #[test]
    fn other_models_have_other_names() {
        check(false, "qwen2.5-7b-instruct", "llama-3.2-1b-instruct");
        check(false, "llama3.2:1b", "llama3.2:3b");
        check(false, "llama3.2:1b", "llama3.2");
        check(false, "gpt-4o", "gpt-4o-mini");
        check(false, "qwen3-8b", "qwen3-8b-vl");
        check(false, "llama-3", "llama-3-8");
        check(false, "llama-3", "llama-3-70b");
    }
}
