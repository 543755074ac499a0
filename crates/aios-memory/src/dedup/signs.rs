//! Signs: what stands between words and says something all the same, as in "-5", "C++" and "$500".

/// Shows the signs of a text in order, each with the number of letters and digits before it.
pub(super) fn each_sign(text: &str, mut see: impl FnMut(u32, char)) {
    let (mut before, mut n_before) = (None, 0);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() {
            n_before += 1;
        } else if let Some(sign) = sign(before, c, chars.peek().copied()) {
            see(n_before, sign);
        }
        before = Some(c);
    }
}

/// What a character says beside its neighbors; `None` of one that only parts words, or ends a sentence.
fn sign(before: Option<char>, c: char, after: Option<char>) -> Option<char> {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let is_digit = |c: Option<char>| c.is_some_and(char::is_numeric);
    match c {
        // It joins two words, or parts what is said; but it is a minus before a number.
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {
            (is_word(before) != is_word(after)).then_some('-')
        }
        '.' => (!is_word(before) && is_digit(after)).then_some(c),
        // Feet and inches.
        '\'' | '"' => (is_digit(before) && !is_word(after)).then_some(c),
        '#' | '$' | '%' | '&' | '+' | '/' | '<' | '=' | '>' | '@' | '\\' | '^' | '|' | '~' => {
            Some(c)
        }
        _ => is_symbol(c).then_some(c),
    }
}

/// Of currencies, measures and mathematics, arrows and pictures.
const fn is_symbol(c: char) -> bool {
    matches!(
        c,
        '¢'..='©' | '¬' | '®'..='±' | '×' | '÷' | '֏' | '؋' | '৳' | '฿' | '៛' | '\u{2030}'..='\u{2034}'
            | '\u{20a0}'..='\u{20cf}' | '\u{2100}'..='\u{2bff}' | '﷼' | '＃'..='＆' | '＋' | '＜'..='＞'
            | '￠'..='￦' | '\u{1f000}'..='\u{1faff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(text: &str) -> String {
        let mut all = String::new();
        each_sign(text, |_, sign| all.push(sign));
        all
    }

    #[test]
    fn signs_are_told_from_marks() {
        for (text, expect) in [
            ("-5", "-"),
            ("it was \u{2212}5, or \u{2013}6", "--"),
            ("C++ and C#", "++#"),
            ("$500, 500 €, 5%", "$€%"),
            ("grade A- for .5", "-."),
            ("6' tall, 6\" wide", "'\""),
            ("a well-known word - or two - it's 5-6, 1.5 and 'so'", ""),
            ("(Yes!) \"No?\" … «so»; *x*: [y], 東京、で。", ""),
            ("fine 👍 ≠ ½", "👍≠"),
        ] {
            assert_eq!(signs(text), expect, "{text}");
        }
    }

    #[test]
    fn a_sign_stands_where_it_stands() {
        let mut places = Vec::new();
        each_sign("no $5 for $60", |place, _| places.push(place));
        assert_eq!(places, [2, 6]);
    }
}
