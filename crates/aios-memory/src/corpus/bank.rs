//! Words to talk with. `{t}` stands for a topic, `{a}` for what is asked of it, `{v}` for the answer,
//! `{n}` for a name.

pub(super) const NAMES: [&str; 12] = [
    "Mara", "Tobias", "Ines", "Oskar", "Priya", "Wendell", "Yuki", "Dario", "Selma", "Kofi",
    "Bryn", "Will",
];

/// Topics, each under the names that people give it.
pub(super) const TOPICS: [[&str; 3]; 28] = [
    ["holiday", "vacation", "getaway"],
    ["wedding", "ceremony", "celebration"],
    ["apartment", "flat", "home"],
    ["garden", "allotment", "plot"],
    ["choir", "singing", "ensemble"],
    ["bicycle", "bike", "cycle"],
    ["marathon", "race", "run"],
    ["puppy", "dog", "hound"],
    ["kitchen", "renovation", "remodel"],
    ["exam", "test", "finals"],
    ["boat", "dinghy", "vessel"],
    ["concert", "gig", "show"],
    ["novel", "book", "manuscript"],
    ["surgery", "operation", "procedure"],
    ["promotion", "raise", "advancement"],
    ["bakery", "shop", "store"],
    ["thesis", "dissertation", "paper"],
    ["pottery", "ceramics", "clay"],
    ["chess", "tournament", "match"],
    ["reunion", "gathering", "party"],
    ["camper", "van", "caravan"],
    ["piano", "keyboard", "instrument"],
    ["beekeeping", "hives", "honey"],
    ["startup", "company", "business"],
    ["nursery", "daycare", "kindergarten"],
    ["mural", "painting", "artwork"],
    ["sourdough", "bread", "loaf"],
    ["hike", "trek", "walk"],
];

/// What is asked of a topic, in several words, and possible answers.
pub(super) struct Aspect {
    pub(super) words: [&'static str; 3],
    pub(super) values: [&'static str; 14],
}

pub(super) const ASPECTS: [Aspect; 5] = [
    Aspect {
        words: ["town", "location", "city"],
        values: [
            "Bergen", "Lisbon", "Gdansk", "Utrecht", "Trieste", "Porto", "Leipzig", "Cork",
            "Malmo", "Ghent", "Split", "Turku", "Basel", "Lviv",
        ],
    },
    Aspect {
        words: ["cost", "price", "budget"],
        values: [
            "340 euros",
            "1,200 in all",
            "85 a month",
            "just under 600",
            "4,750",
            "19 a head",
            "about 2,300",
            "275 flat",
            "nearly 9,000",
            "62 each",
            "410",
            "1,640",
            "33 a week",
            "720",
        ],
    },
    Aspect {
        words: ["helper", "assistant", "partner"],
        values: [
            "Rosalind",
            "old Mr. Abara",
            "cousin Petra",
            "Leopold",
            "Nadia",
            "Ximena",
            "Gustav",
            "Thandi",
            "Ferris",
            "Odile",
            "Ragnar",
            "Clementine",
            "Ludo",
            "Marguerite",
        ],
    },
    Aspect {
        words: ["date", "schedule", "timing"],
        values: [
            "the 3rd of May",
            "Saturday week",
            "mid November",
            "the 21st",
            "early spring",
            "New Year's Eve",
            "the last Sunday of June",
            "a Tuesday",
            "right after Easter",
            "the 14th",
            "late autumn",
            "the 9th of August",
            "Friday at noon",
            "the first frost",
        ],
    },
    Aspect {
        words: ["color", "shade", "tone"],
        values: [
            "teal",
            "mustard yellow",
            "rust",
            "bottle green",
            "lilac",
            "charcoal",
            "coral",
            "cream",
            "cobalt",
            "burgundy",
            "mint",
            "ochre",
            "silver",
            "peach",
        ],
    },
];

/// A fact in one turn.
pub(super) const TOLD: [&str; 5] = [
    "By the way, the {a} for the {t} is settled now: {v}.",
    "Guess what, about the {t} and its {a}, it's going to be {v}!",
    "I finally made up my mind on the {a} of the {t}. {v} it is.",
    "Everybody asks me what {a} I chose for the {t}, well, {v}.",
    "Long talk at home about the {t}. On the {a} we agreed: {v}.",
];

/// A question in the conversation.
pub(super) const ASKED: [&str; 5] = [
    "And what about the {t}, did you decide on the {a} yet?",
    "Hey {n}, any news on the {a} of the {t}?",
    "You never told me the {a} for your {t}!",
    "I keep wondering about the {t}. What will the {a} be?",
    "Before I forget, {n}, the {t}: is there a {a} already?",
];

/// What stands between a question and its answer.
pub(super) const DELAYED: [&str; 4] = [
    "Hold on, the kettle is boiling over.",
    "Ha, I knew you would bring that up sooner or later.",
    "Sorry, somebody was at the door.",
    "Give me a second to find my notes.",
];

/// An answer without the topic's name.
pub(super) const ANSWERED: [&str; 6] = [
    "{v}, after a lot of back and forth.",
    "It will be {v}, and I'm so relieved.",
    "We said {v} in the end.",
    "Yes! {v}. Don't laugh.",
    "Looks like {v}, unless something comes up.",
    "Oh, {v}. You were right all along.",
];

/// What is said to an answer.
pub(super) const ECHOED: [&str; 5] = [
    "Oh nice, {v}! That sounds just like you.",
    "Wonderful. I'd have gone for the same.",
    "Hm, I wouldn't have guessed, but it fits.",
    "Good for you! I'm happy it's sorted.",
    "{v}, really? I need to hear more over coffee.",
];

/// A fact told otherwise.
pub(super) const CORRECTED: [&str; 3] = [
    "Change of plan: the {a} for the {t} is {v} now, forget what I said.",
    "Actually, scratch that, with the {t} the {a} turned into {v}.",
    "Small correction on the {t}: for the {a} we switched to {v}.",
];

/// Talk that names a topic and says nothing of it.
pub(super) const MENTIONED: [&str; 9] = [
    "The {t} kept me busy all week again.",
    "I dreamt about the {t} last night, can you believe it?",
    "My sister keeps asking about the {t}.",
    "Honestly the {t} is all I think about these days.",
    "No {t} today, I needed a rest.",
    "How is the {t} coming along, {n}?",
    "Everyone at work has an opinion on the {t}.",
    "The {t} makes me so happy.",
    "I talked to the neighbors about the {t} and they were thrilled.",
];

/// Talk of nothing.
pub(super) const CHATTED: [&str; 14] = [
    "Thanks, {n}! Talk soon.",
    "It rained here all afternoon.",
    "That made me laugh out loud.",
    "Did you sleep better this week?",
    "I had soup for dinner, again.",
    "You always know what to say, {n}.",
    "The trains were late, as usual.",
    "I should call my mother more often.",
    "What a day. I'm exhausted.",
    "Take care of yourself, okay?",
    "We watched that series you recommended.",
    "My phone battery is nearly dead.",
    "Let's catch up properly on the weekend.",
    "The cat knocked over a plant.",
];

/// Questions about the conversation.
pub(super) const QUESTIONS: [&str; 4] = [
    "What is the {a} of {n}'s {t}?",
    "Which {a} did {n} settle on for the {t}?",
    "What {a} does {n} have for the {t}?",
    "Regarding the {t} of {n}, what was the {a}?",
];
