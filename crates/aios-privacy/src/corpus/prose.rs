//! Sentences without values, in several languages.

use super::random::Random;

const WHOLE: [&str; 30] = [
    "The meeting moved to Thursday, so please update the agenda.",
    "Can you explain how a B-tree differs from a skip list?",
    "I tried it twice: once with 16 GB of memory and once with 32.",
    "Traduis ce paragraphe en anglais, s'il te plaît.",
    "请把这段话翻译成英文。",
    "この文章を要約してください。",
    "Bitte schreibe eine höfliche Antwort auf diese Beschwerde.",
    "Напиши короткое письмо с извинениями.",
    "कृपया इस पैराग्राफ का सारांश लिखिए।",
    "اكتب ملخصًا قصيرًا لهذا النص.",
    "The function returns None when the list is empty; otherwise the first item.",
    "In 1998 the company had 12,500 employees and 3.4 billion in revenue.",
    "We should call it a day and contact nobody until Monday.",
    "What is the key difference between a token and a password?",
    "Pass the salt, and keep the secret to yourself.",
    "The basic idea is that bearers of bad news are rarely thanked.",
    "She said that 7 of 10 users never read the manual – and 3 never open it.",
    "“Naïve” café owners don’t wait for spring…",
    "Let x be a number between 0.5 and 1.25, and y = 2x + 3.",
    "Summarize chapters 3-5 in 200 words or fewer.",
    "It costs $1,299.00 plus 19 % tax, which is about €1,400.",
    "Look at line 42 of the file and tell me why the loop never ends.",
    "My train leaves at 10:45 and arrives at 13:05.",
    "The temperature was -12.5 °C at 2,400 m.",
    "Version 2 of the API is deprecated; use version 3.",
    "He scored 24 points in 31 minutes, with 11 rebounds and 7 assists.",
    "Write a limerick about a lighthouse keeper who hates the sea.",
    "Is it true that octopuses have three hearts and nine brains?",
    "👩‍💻 shipped it 🚀, tests are green ✅",
    "Explain (at a high level) how public key cryptography works.",
];

const WHO: [&str; 8] = [
    "The committee",
    "My manager",
    "A customer",
    "The model",
    "Our team",
    "The author",
    "Everyone",
    "The library",
];
const DOES: [&str; 8] = [
    "agreed that",
    "does not believe that",
    "was told that",
    "wrote at length that",
    "will soon find out whether",
    "keeps asking if",
    "has known for years that",
    "suggested politely that",
];
const WHAT: [&str; 8] = [
    "the old process takes too long",
    "nobody reads the documentation",
    "these results can be reproduced elsewhere",
    "a shorter answer would have been better",
    "the weather has anything to do with it",
    "the new design should be tested with real people first",
    "memory is cheaper than attention",
    "the second half of the report contradicts the first",
];

pub(super) fn sentence(random: &mut Random) -> String {
    if random.below(3) == 0 {
        return random.pick(&WHOLE).to_owned();
    }
    format!("{} {} {}.", random.pick(&WHO), random.pick(&DOES), random.pick(&WHAT))
}
