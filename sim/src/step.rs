//! What can happen, and the script of a seed.
//!
//! A step says everything about itself, so that a script from which steps are left out still does the same
//! with those that are left.

use std::fmt;

use aios_core::Tier;

use crate::random::Random;

/// How many conversations there are at most.
const CONVERSATIONS: u64 = 6;

/// Whom clients come as: without a key, with one, and with one that has limits.
pub(crate) const CLIENTS: u64 = 3;

/// Steps of a script.
const STEPS: (u64, u64) = (12, 44);

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A client asks.
    Ask(Ask),
    /// Time goes on.
    Wait {
        /// So many milliseconds.
        ms: u64,
    },
    /// The wall clock is put forward or back, while durations stay what they are.
    Jump {
        /// So many seconds.
        secs: i64,
    },
    /// A tier's model behaves otherwise from now on.
    Model {
        /// Whose.
        tier: Tier,
        /// How, as in a `sim:` URL; nothing is healthy.
        faults: &'static str,
    },
    /// The disk of the event log fails: so many writes, syncs, and times that a torn line is cut off.
    Disk {
        /// Writes.
        writes: u32,
        /// Syncs.
        syncs: u32,
        /// Cuts.
        cuts: u32,
    },
    /// Somebody writes the override file, or removes it.
    Override(Option<&'static str>),
    /// The kill switch is thrown, or taken back, by a reload.
    KillSwitch {
        /// Whether adaptive routing is off.
        off: bool,
    },
    /// The configuration is read again.
    Reload,
    /// Somebody says how good an answer was.
    Say {
        /// Which answer, from the last one back.
        back: u64,
        /// From 0 to 10.
        score: u64,
    },
    /// A golden run has ended.
    Golden {
        /// How.
        passed: bool,
    },
    /// The canary is looked at.
    Check,
    /// An operator has his way with it.
    Order(Order),
    /// A conversation is erased, whatever of it is under way.
    Erase {
        /// Which.
        talk: Talk,
    },
    /// What is kept is rotated.
    Rotate {
        /// Also today's segment.
        seal: bool,
    },
    /// The process dies, as if killed, and is started again.
    Crash {
        /// A torn line is at the log's end.
        torn: bool,
        /// The index is gone.
        no_index: bool,
    },
    /// The power is cut: of the event log nothing is left but what was forced to the disk.
    PowerCut {
        /// Half of the rest is there, too.
        torn: bool,
    },
}

/// A conversation of a client. Another client's may have the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Talk {
    /// Which id its client gives it.
    pub conversation: u64,
    /// Which client.
    pub client: u64,
}

/// A client's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Which one it is.
    pub n: u64,
    /// Whose.
    pub talk: Talk,
    /// For what.
    pub kind: Kind,
    /// What its text is made of.
    pub seed: u64,
    /// After so many turns the client is gone; after none it has hardly asked.
    pub hangs_up_after: Option<u64>,
    /// How its body comes.
    pub body: Sent,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An answer.
    Chat,
    /// An answer as a stream.
    Stream,
    /// An answer with a tool.
    Tools,
    /// A vector.
    Embeddings,
    /// Nothing that is understood.
    Nonsense,
}

/// How a request's body comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// At once.
    Whole,
    /// In two pieces.
    Pieces,
    /// Its half, and then the connection breaks.
    Broken,
    /// Its half, and then nothing.
    Stuck,
}

/// What an operator wishes of the canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// A new rollout at so many percent.
    Reset(u64),
    /// No further stage.
    Hold,
    /// An end of that.
    Resume,
    /// The next stage.
    Approve,
}

/// The script of a seed.
#[must_use]
pub fn script(seed: u64) -> Vec<Step> {
    let mut random = Random::new(seed);
    let n_steps = STEPS.0 + random.below(STEPS.1 - STEPS.0);
    // Each seed is about something. A row of golden runs moves a canary, which chance alone hardly does.
    let golden_rounds = *random.pick(&[0, 0, 15, 40]);
    let passes = *random.pick(&[10, 50, 95]);
    let mut n_asked = 0;
    let mut steps = Vec::new();
    while (steps.len() as u64) < n_steps {
        if random.chance(golden_rounds) {
            let passed = random.chance(passes);
            steps.extend([Step::Wait { ms: 2_000 }, Step::Golden { passed }, Step::Check]);
        } else {
            steps.push(draw(&mut random, &mut n_asked));
        }
    }
    steps
}

fn draw(random: &mut Random, n_asked: &mut u64) -> Step {
    match random.below(100) {
        0..36 => {
            *n_asked += 1;
            Step::Ask(ask(random, *n_asked))
        }
        36..52 => Step::Wait { ms: *random.pick(&[1, 40, 300, 2_000, 12_000, 70_000, 4_000_000]) },
        52..56 => Step::Jump { secs: *random.pick(&[-90_000, -3_600, -5, 30, 7_200, 200_000]) },
        56..63 => {
            let faults: &&str = random.pick(&FAULTS);
            Step::Model { tier: *random.pick(&Tier::ALL), faults }
        }
        63..67 => {
            let mut n = || *random.pick(&[0, 0, 1, 2]);
            Step::Disk { writes: n(), syncs: n(), cuts: n() }
        }
        67..70 => Step::Override(*random.pick(&OVERRIDES)),
        70..73 => Step::KillSwitch { off: random.chance(60) },
        73..75 => Step::Reload,
        75..79 => Step::Say { back: random.below(4), score: random.below(11) },
        79..81 => Step::Golden { passed: random.chance(70) },
        81..84 => Step::Check,
        84..87 => Step::Order(*random.pick(&ORDERS)),
        87..93 => Step::Erase { talk: talk(random) },
        93..96 => Step::Rotate { seal: random.chance(60) },
        96..98 => Step::Crash { torn: random.chance(50), no_index: random.chance(30) },
        _ => Step::PowerCut { torn: random.chance(50) },
    }
}

const FAULTS: [&str; 14] = [
    "",
    "",
    "",
    "status=503",
    "status=429",
    "refuse",
    "hang",
    "cut_after=2",
    "no_done",
    "garbage",
    "error_in_200=1",
    "wrong_model",
    "error_rate=0.4",
    "slow_drip_ms=400",
];

const OVERRIDES: [Option<&str>; 6] = [
    None,
    None,
    Some(r#"{"control_bucket_pct":1.0}"#),
    Some(r#"{"control_bucket_pct":0.2}"#),
    Some(r#"{"boundary":0.3,"freeze":true}"#),
    Some(r#"{"control_bucket_pct":"all"#),
];

const ORDERS: [Order; 5] =
    [Order::Reset(10), Order::Reset(60), Order::Hold, Order::Resume, Order::Approve];

fn talk(random: &mut Random) -> Talk {
    // As often the client with limits as the other two together: it has to reach them.
    let client = *random.pick(&[0, 1, 2, 2]);
    Talk { conversation: random.below(CONVERSATIONS), client }
}

fn ask(random: &mut Random, n: u64) -> Ask {
    const KINDS: [Kind; 8] = [
        Kind::Chat,
        Kind::Chat,
        Kind::Chat,
        Kind::Stream,
        Kind::Stream,
        Kind::Tools,
        Kind::Embeddings,
        Kind::Nonsense,
    ];
    let hangs_up = random.chance(15);
    let is_odd = random.chance(12);
    Ask {
        n,
        talk: talk(random),
        kind: *random.pick(&KINDS),
        seed: random.any(),
        hangs_up_after: hangs_up.then(|| random.below(24)),
        body: match is_odd {
            true => *random.pick(&[Sent::Pieces, Sent::Broken, Sent::Stuck]),
            false => Sent::Whole,
        },
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(Ask { n, talk, kind, hangs_up_after, body, .. }) => {
                write!(f, "ask {n}: {kind:?} in {talk}, body {body:?}")?;
                hangs_up_after.map_or(Ok(()), |n| write!(f, ", hangs up after {n} turns"))
            }
            Self::Wait { ms } => write!(f, "wait {ms} ms"),
            Self::Jump { secs } => write!(f, "the clock jumps by {secs} s"),
            Self::Model { tier, faults: "" } => write!(f, "{tier} is healthy"),
            Self::Model { tier, faults } => write!(f, "{tier} has {faults}"),
            Self::Disk { writes, syncs, cuts } => {
                write!(f, "the next {writes} writes, {syncs} syncs and {cuts} cuts fail")
            }
            Self::Override(None) => f.write_str("the override file is removed"),
            Self::Override(Some(text)) => write!(f, "the override file is {text}"),
            Self::KillSwitch { off } => write!(f, "adaptive routing is {}", on(!off)),
            Self::Reload => f.write_str("reload"),
            Self::Say { back, score } => write!(f, "the answer {back} back is worth {score}/10"),
            Self::Golden { passed } => write!(f, "a golden run has passed: {passed}"),
            Self::Check => f.write_str("the canary is looked at"),
            Self::Order(order) => write!(f, "an operator orders {order:?}"),
            Self::Erase { talk } => write!(f, "{talk} is erased"),
            Self::Rotate { seal } => write!(f, "rotate, today's segment too: {seal}"),
            Self::Crash { torn, no_index } => {
                write!(f, "crash, torn line: {torn}, index lost: {no_index}")
            }
            Self::PowerCut { torn } => write!(f, "power cut, torn: {torn}"),
        }
    }
}

impl fmt::Display for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conversation {} of client {}", self.conversation, self.client)
    }
}

fn on(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}
