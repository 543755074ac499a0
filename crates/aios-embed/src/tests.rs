//! Against what `sentence-transformers` makes of the same files: `fixtures/embed/make.py`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use aios_memory::Embedder as _;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// How far a number may be from the reference's.
const NEAR: f32 = 1e-4;

#[derive(Deserialize)]
struct Reference {
    texts: Vec<String>,
    tokens: Vec<Vec<usize>>,
    vectors: BTreeMap<String, Vec<Vec<f32>>>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/embed")
}

fn reference() -> Reference {
    let text = fs::read_to_string(fixtures().join("reference.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A copy of the fixture that a test may change.
struct Copy(TempDir);

impl Copy {
    fn new() -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        for name in ["1_Pooling", "2_Normalize"] {
            fs::create_dir(copy.at(name)).unwrap();
        }
        for name in FILES {
            fs::copy(fixtures().join("tiny").join(name), copy.at(name)).unwrap();
        }
        copy
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Changes a value in a file of settings; the key is a JSON pointer.
    fn set(self, name: &str, key: &str, value: Value) -> Self {
        let mut whole: Value = serde_json::from_slice(&fs::read(self.at(name)).unwrap()).unwrap();
        match whole.pointer_mut(key) {
            Some(place) => *place = value,
            None => {
                whole
                    .as_object_mut()
                    .unwrap()
                    .insert(key.trim_start_matches('/').to_owned(), value);
            }
        }
        self.put(name, whole.to_string().as_bytes())
    }

    fn put(self, name: &str, bytes: &[u8]) -> Self {
        fs::write(self.at(name), bytes).unwrap();
        self
    }

    fn without(self, name: &str) -> Self {
        fs::remove_file(self.at(name)).unwrap();
        self
    }

    fn load(&self) -> Result<SentenceTransformer, LoadError> {
        SentenceTransformer::load(self.0.path())
    }

    /// Holds its vectors against the reference's.
    fn check(&self, which: &str) {
        let (reference, model) = (reference(), self.load().unwrap());
        for (text, expect) in reference.texts.iter().zip(&reference.vectors[which]) {
            let vector = model.embed(text);
            let pairs = vector.iter().zip(expect);
            let apart = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(vector.len() == expect.len() && apart < NEAR, "{which} {text:?}: {apart}");
        }
    }
}

const FILES: [&str; 8] = [
    "1_Pooling/config.json",
    "config.json",
    "config_sentence_transformers.json",
    "model.safetensors",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
];

#[test]
fn tokens_are_those_of_the_reference() {
    let (reference, model) = (reference(), Copy::new().load().unwrap());
    assert_eq!(reference.texts.len(), 12);
    for (text, expect) in reference.texts.iter().zip(&reference.tokens) {
        assert_eq!(&model.tokens(text), expect, "{text:?}");
    }
}

#[test]
fn vectors_are_those_of_the_reference() {
    const POOLING: &str = "1_Pooling/config.json";
    Copy::new().check("mean");
    Copy::new().set(POOLING, "/pooling_mode", json!("cls")).check("cls");
    Copy::new().set(POOLING, "/pooling_mode", json!(["max"])).check("max");
    let modules: Value =
        serde_json::from_slice(&fs::read(fixtures().join("tiny/modules.json")).unwrap()).unwrap();
    let plain = json!([modules[0], modules[1]]).to_string();
    Copy::new().put("modules.json", plain.as_bytes()).check("mean, not normalized");
}

#[test]
fn what_older_versions_wrote_is_read_too() {
    let tokenizer: Value =
        serde_json::from_slice(&fs::read(fixtures().join("tiny/tokenizer.json")).unwrap()).unwrap();
    let vocabulary = tokenizer["model"]["vocab"].as_object().unwrap();
    let mut tokens: Vec<(&String, u64)> =
        vocabulary.iter().map(|(token, number)| (token, number.as_u64().unwrap())).collect();
    tokens.sort_by_key(|(_, number)| *number);
    let lines: String = tokens.iter().map(|(token, _)| format!("{token}\n")).collect();
    let switches = |on: &str| {
        let mut all = json!({"word_embedding_dimension": 32, "pooling_mode_cls_token": false,
            "pooling_mode_mean_tokens": false, "pooling_mode_max_tokens": false});
        all[on] = json!(true);
        all.to_string()
    };
    let kinds = ["Transformer", "Pooling", "Normalize"];
    let modules: Vec<Value> = ["", "1_Pooling", "2_Normalize"]
        .iter()
        .zip(kinds)
        .map(|(path, kind)| json!({"path": path, "type": format!("sentence_transformers.models.{kind}")}))
        .collect();
    for (on, which) in [("pooling_mode_mean_tokens", "mean"), ("pooling_mode_cls_token", "cls")] {
        Copy::new()
            .without("tokenizer.json")
            .without("config_sentence_transformers.json")
            .without("tokenizer_config.json")
            .put("vocab.txt", lines.as_bytes())
            .put("modules.json", json!(modules).to_string().as_bytes())
            .put("sentence_bert_config.json", br#"{"max_seq_length": 40, "do_lower_case": false}"#)
            .put("1_Pooling/config.json", switches(on).as_bytes())
            .check(which);
    }
}

#[test]
fn weights_may_be_halves_and_a_part_of_a_larger_model() {
    let bytes = fs::read(fixtures().join("tiny/model.safetensors")).unwrap();
    let whole = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let cut: Vec<(String, Vec<usize>, Vec<u8>)> = whole
        .iter()
        .map(|(name, tensor)| {
            let upper = tensor.data().as_chunks::<4>().0.iter().flat_map(|[_, _, a, b]| [*a, *b]);
            (format!("bert.{name}"), tensor.shape().to_vec(), upper.collect())
        })
        .collect();
    let views = cut.iter().map(|(name, shape, bytes)| {
        let view =
            safetensors::tensor::TensorView::new(safetensors::Dtype::BF16, shape.clone(), bytes);
        (name, view.unwrap())
    });
    let halves = safetensors::serialize(views, None).unwrap();
    let model = Copy::new().put("model.safetensors", &halves).load().unwrap();
    let whole = Copy::new().load().unwrap();
    for text in reference().texts {
        let pairs = model.embed(&text).into_iter().zip(whole.embed(&text));
        let cosine = pairs.map(|(a, b)| a * b).sum::<f32>();
        // Eight bits of each number are left.
        assert!(cosine > 0.99 && cosine < 0.999_999_9, "{text:?}: {cosine}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_by_file_and_key() {
    let refused = |copy: Copy, expect: &[&str]| {
        let error = copy.load().expect_err(&expect.join(", "));
        let text = error.to_string();
        assert!(expect.iter().all(|part| text.contains(part)), "{text}");
        assert!(text.contains(&copy.0.path().display().to_string()), "{text}");
        assert!(!error.hint().is_empty());
    };
    for (file, key, value, told) in [
        ("config.json", "/model_type", json!("mpnet"), "`model_type` is mpnet"),
        ("config.json", "/hidden_act", json!("swish"), "swish"),
        ("config.json", "/hidden_size", json!(1_000_000_000), "`hidden_size` is 1000000000"),
        ("config.json", "/hidden_size", json!(64), "`embeddings."),
        ("config.json", "/num_hidden_layers", json!(0), "`num_hidden_layers` is 0"),
        ("config.json", "/num_hidden_layers", json!(3), "`encoder.layer.2."),
        ("config.json", "/num_attention_heads", json!(5), "`num_attention_heads` is 5"),
        ("config.json", "/max_position_embeddings", json!(-1), "-1"),
        ("config.json", "/position_embedding_type", json!("relative_key"), "relative_key"),
        ("config.json", "/is_decoder", json!(true), "`is_decoder` is true"),
        ("config.json", "/layer_norm_eps", json!(0.0), "`layer_norm_eps` is 0"),
        ("1_Pooling/config.json", "/pooling_mode", json!("lasttoken"), "is lasttoken"),
        ("1_Pooling/config.json", "/pooling_mode", json!(["cls", "max"]), "is cls + max"),
        ("modules.json", "/2/type", json!("a.Dense"), "Transformer, Pooling, Dense"),
        ("modules.json", "/1/path", json!("../1_Pooling"), "modules.json"),
        ("modules.json", "/1/path", json!(""), "modules.json"),
        ("config_sentence_transformers.json", "/default_prompt_name", json!("query"), "is query"),
        ("tokenizer.json", "/model/type", json!("Unigram"), "`model.type` is Unigram"),
        ("tokenizer.json", "/normalizer", json!(null), "`normalizer.type` is "),
        ("tokenizer.json", "/pre_tokenizer/type", json!("Metaspace"), "is Metaspace"),
        ("tokenizer.json", "/model/vocab", json!({"[UNK]": 0, "[CLS]": 1}), "\"[SEP]\" is missing"),
        ("tokenizer.json", "/model/vocab/the", json!(142), "`vocab_size` is 142"),
    ] {
        refused(
            Copy::new().set(file, key, value),
            &[Path::new(file).file_name().unwrap().to_str().unwrap(), told],
        );
    }
    for file in ["modules.json", "config.json", "1_Pooling/config.json", "model.safetensors"] {
        refused(Copy::new().without(file), &["cannot read"]);
    }
    refused(Copy::new().without("tokenizer.json"), &["cannot read", "vocab.txt"]);
    refused(Copy::new().put("config.json", b"{"), &["config.json", "EOF"]);
    let weights = fs::read(fixtures().join("tiny/model.safetensors")).unwrap();
    let cut = &weights[..weights.len() - 4];
    refused(Copy::new().put("model.safetensors", cut), &["model.safetensors"]);
    // The numbers stand behind a header, whose length stands first; the first of them are a layer's.
    let mut infinite = weights;
    let first = 8 + u64::from_le_bytes(infinite[..8].try_into().unwrap()) as usize;
    infinite[first..first + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    refused(Copy::new().put("model.safetensors", &infinite), &["not finite"]);
    let huge = Copy::new();
    fs::OpenOptions::new()
        .write(true)
        .open(huge.at("model.safetensors"))
        .unwrap()
        .set_len((2 << 30) + 1)
        .unwrap();
    refused(huge, &["model.safetensors", "more than 2147483648 bytes"]);
}

#[test]
fn a_model_is_what_its_files_say_wherever_they_lie() {
    let one = Copy::new().load().unwrap().model().clone();
    assert_eq!((one.name.as_str(), one.dim, one.digest.len()), ("local", 32, 64));
    assert_eq!(Copy::new().load().unwrap().model(), &one);
    let others = [
        Copy::new().set("1_Pooling/config.json", "/pooling_mode", json!("cls")),
        Copy::new().set("tokenizer_config.json", "/model_max_length", json!(30)),
        Copy::new().set("config.json", "/layer_norm_eps", json!(1e-5)),
        Copy::new().without("config_sentence_transformers.json"),
    ];
    for other in others {
        assert_ne!(other.load().unwrap().model().digest, one.digest);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_has_a_vector(text in "\\PC{0,80}|[ -~\\t\\n]{0,80}", n in 1usize..40) {
        let model = SentenceTransformer::load(&fixtures().join("tiny")).unwrap();
        let text = text.repeat(n);
        let tokens = model.tokens(&text);
        prop_assert!((2..=40).contains(&tokens.len()));
        let length = model.embed(&text).iter().map(|x| x * x).sum::<f32>().sqrt();
        prop_assert!((length - 1.0).abs() < 1e-3, "{}", length);
    }
}
