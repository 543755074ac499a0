use proptest::prelude::*;

use super::*;

fn tokens(text: &str, expect: u32) {
    assert_eq!(count(text).n_tokens, expect, "{text}");
}

#[test]
fn tokens_are_runs_of_letters_digits_plus_and_apostrophe() {
    tokens("", 0);
    tokens("Don't use C++ 2.0!", 5);
    tokens("a-b_c/d", 4);
    tokens("👍 👍", 0);
}

#[test]
fn letters_beyond_ascii_belong_to_their_run() {
    tokens("résumé déjà", 2);
    tokens("re\u{301}sume\u{301}", 1);
    tokens("объясни мне это", 3);
    tokens("हिन्दी में", 2);
    tokens("한국어 설명", 2);
    assert_eq!(count("résumé").n_quant_words, 0);
}

#[test]
fn scripts_without_spaces_give_pairs_of_characters() {
    tokens("你", 1);
    tokens("你好", 1);
    tokens("你好吗", 2);
    tokens("你好，世界", 2);
    tokens("用 Python 写代码", 4);
    tokens("用Python写代码", 4);
}

#[test]
fn numbers_are_tokens_that_start_with_a_digit() {
    assert_eq!(count("3 apples and 4th 5x x6 '7").n_numbers, 3);
}

#[test]
fn words_are_counted_in_any_case_and_not_inside_others() {
    let counts = count("Explain WHY the algorithm, not the algorithms, is either total or if");
    assert_eq!(counts.n_reason_words, 2);
    assert_eq!(counts.n_logic_words, 3);
    assert_eq!(counts.n_quant_words, 1);
    assert_eq!(count("why why why").n_reason_words, 1);
    assert_eq!(count("explanation").n_reason_words, 0);
}

#[test]
fn logic_words_count_among_the_first_400_tokens() {
    let filler = "x ".repeat(399);
    assert_eq!(count(&format!("{filler}if if")).n_logic_words, 1);
}

#[test]
fn marks_are_counted_as_they_stand() {
    let counts = count("a=b ^ c+d * <e> 5% $ \\ √ ∑ ∫\n\n? ？ ؟");
    assert_eq!((counts.n_math_marks, counts.n_newlines, counts.n_question_marks), (12, 2, 3));
}

#[test]
fn code_marks_do_not_overlap() {
    let check = |text: &str, expect| assert_eq!(count(text).n_code_marks, expect, "{text}");
    check("```rust\n```", 2);
    check("====", 2);
    check("===", 1);
    check("f(); x -> y => z </p> #include", 5);
    check("def f: import os SELECT x", 3);
    check("select important definitions", 0);
    check("{}", 2);
    check("a { b { a } b } a == b == a => b => a -> b -> a </ b </", 12);
    check("``` ``` (); (); #include #include", 6);
    check("undef f, édef f, #includedef f, def", 4);
    check("define (important) # - < def, import. SELECTS ", 0);
}

/// Where marks of program text stand, said in another way: the first that fits, then on behind it.
fn naive_code_marks(mut text: &str) -> u32 {
    const MARKS: [&str; 12] =
        ["{", "}", "==", "=>", "->", "</", "```", "();", "def ", "import ", "SELECT ", "#include"];
    let mut n = 0;
    while let Some(c) = text.chars().next() {
        let mark = MARKS.iter().find(|mark| text.starts_with(**mark));
        n += u32::from(mark.is_some());
        text = text.split_at(mark.map_or(c.len_utf8(), |mark| mark.len())).1;
    }
    n
}

#[test]
fn a_text_or_a_role_is_creative() {
    let check = |text: &str, expect| assert_eq!(count(text).is_creative, expect, "{text}");
    check("Please write me a short poem about rain", true);
    check("one two three four five six seven eight write a poem", false);
    check("the poem is long", false);
    check("let us roleplay", true);
    check("Act as a pirate", true);
    check("imagine a world", false);
    check("a b c d e f g h i j k l pretend you", false);
}

#[test]
fn a_look_up_is_told_by_the_first_token() {
    assert!(count("What is this?").starts_with_lookup);
    assert!(!count("So what is this?").starts_with_lookup);
}

#[test]
fn a_long_message_is_read_at_both_ends() {
    let text = format!("why {} explain", "é".repeat(10_000));
    let counts = count(&text);
    assert_eq!(counts.n_reason_words, 2);
    assert!(counts.n_bytes <= HEAD_BYTES_MAX + TAIL_BYTES_MAX);
    let just_fits = "a".repeat(HEAD_BYTES_MAX + TAIL_BYTES_MAX);
    assert_eq!(count(&just_fits).n_bytes, just_fits.len());
}

/// The definition of a token, said in another way, for ASCII text.
fn ascii_tokens(text: &str) -> Vec<String> {
    text.to_ascii_lowercase()
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '+' || c == '\''))
        .filter(|token| !token.is_empty())
        .map(str::to_owned)
        .collect()
}

proptest! {
    #[test]
    fn ascii_text_has_the_tokens_of_the_definition(text in "[ -~\n]{0,400}") {
        let tokens = ascii_tokens(&text);
        let counts = count(&text);
        prop_assert_eq!(counts.n_tokens as usize, tokens.len());
        let n_numbers = tokens.iter().filter(|t| t.starts_with(|c: char| c.is_ascii_digit())).count();
        prop_assert_eq!(counts.n_numbers as usize, n_numbers);
    }

    #[test]
    fn code_marks_are_those_of_the_definition(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "def", "import", "SELECT", "#include", "{", "=", ">", "-", "<", "/", "`", "(", ")", ";", " ", "é", "a", "+", "你",
            ]),
            0..24,
        )
    ) {
        let text = parts.concat();
        prop_assert_eq!(count(&text).n_code_marks, naive_code_marks(&text), "{}", text);
    }

    #[test]
    fn any_text_can_be_counted(text in any::<String>(), n in 1_usize..200) {
        let long = text.repeat(n);
        prop_assert!(count(&long).n_bytes <= long.len());
    }
}
