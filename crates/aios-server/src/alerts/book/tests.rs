use super::*;

const MINUTE: i64 = 60;

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros((1_800_000_000 + second) * 1_000_000)
}

fn manner() -> Manner {
    let channels = vec![ChannelKind::Slack];
    Manner { channels, remind_every: Duration::from_secs(4 * 3_600), per_hour_max: 20 }
}

fn trouble(about: &str, severity: Severity) -> Trouble {
    Trouble { about: about.to_owned(), severity, detail: "burns 100 times too fast".to_owned() }
}

/// Looks each minute, sends what is due, and gives what arrived as `minute kind about/severity`.
/// `wrong` says what is wrong in a minute, `up` whether the receiver is there.
fn story(
    minutes: std::ops::Range<i64>,
    wrong: impl Fn(i64) -> Vec<Trouble>,
    up: impl Fn(i64) -> bool,
    manner: &Manner,
) -> Vec<String> {
    let mut book = Book::default();
    let mut arrived = Vec::new();
    for minute in minutes {
        let now = at(minute * MINUTE);
        book.observe(&wrong(minute), manner, now);
        for delivery in book.due(manner, now) {
            let sent = if up(minute) { Ok(()) } else { Err("down".to_owned()) };
            if sent.is_ok() {
                let Message { kind, about, severity, .. } = &delivery.message;
                arrived.push(format!("{minute} {kind:?} {about}/{}", severity.name()));
            }
            book.settle(delivery.id, sent, now);
        }
        // Whatever happens is survived: the book is what it was when it is read back.
        let kept = serde_json::to_string(&book).unwrap();
        assert_eq!(serde_json::from_str::<Book>(&kept).unwrap(), book);
    }
    assert_eq!(book.n_dropped, 0);
    arrived
}

fn page() -> Vec<Trouble> {
    vec![trouble("error_rate", Severity::Page)]
}

#[test]
fn an_episode_is_told_once_reminded_of_and_resolved() {
    let lasts = |minute| if minute < 500 { page() } else { Vec::new() };
    let arrived = story(0..600, lasts, |_| true, &manner());
    let expect = [
        "0 Alert error_rate/page",
        "240 Reminder error_rate/page",
        "480 Reminder error_rate/page",
        "509 Resolved error_rate/page",
    ];
    assert_eq!(arrived, expect);
}

#[test]
fn a_moment_of_quiet_is_no_end_and_a_new_episode_is_told_anew() {
    let flaps = |minute| match minute {
        0..30 if minute % 5 < 3 => page(),
        100..105 => page(),
        _ => Vec::new(),
    };
    let arrived = story(0..200, flaps, |_| true, &manner());
    let expect = [
        "0 Alert error_rate/page",
        "37 Resolved error_rate/page",
        "100 Alert error_rate/page",
        "114 Resolved error_rate/page",
    ];
    assert_eq!(arrived, expect);
}

#[test]
fn a_ticket_lasts_while_it_is_a_page_too() {
    let grows = |minute| match minute {
        0..5 => vec![trouble("error_rate", Severity::Ticket)],
        5..60 => page(),
        _ => Vec::new(),
    };
    let arrived = story(0..80, grows, |_| true, &manner());
    let expect = [
        "0 Alert error_rate/ticket",
        "5 Alert error_rate/page",
        "69 Resolved error_rate/ticket",
        "69 Resolved error_rate/page",
    ];
    assert_eq!(arrived, expect);
}

#[test]
fn a_receiver_that_is_down_for_an_hour_misses_nothing() {
    let begin = |minute| match minute {
        5..10 => {
            vec![trouble("error_rate", Severity::Page), trouble("pass_rate", Severity::Ticket)]
        }
        30..35 => vec![trouble("latency_ms_p95", Severity::Page)],
        _ => Vec::new(),
    };
    let mut arrived = story(0..120, begin, |minute| !(5..65).contains(&minute), &manner());
    arrived.iter_mut().for_each(|line| *line = line.split_once(' ').unwrap().1.to_owned());
    arrived.sort();
    let expect = [
        "Alert error_rate/page",
        "Alert latency_ms_p95/page",
        "Alert pass_rate/ticket",
        "Resolved error_rate/page",
        "Resolved latency_ms_p95/page",
        "Resolved pass_rate/ticket",
    ];
    assert_eq!(arrived, expect);
}

#[test]
fn a_storm_is_told_at_a_rate_and_to_its_end() {
    let storm = |minute: i64| match minute {
        0 => (0..30).map(|n| trouble(&format!("tier_{n}"), Severity::Page)).collect(),
        _ => Vec::new(),
    };
    let manner = Manner { per_hour_max: 10, ..manner() };
    let arrived = story(0..600, storm, |_| true, &manner);
    assert_eq!(arrived.len(), 60);
    let minutes: Vec<i64> =
        arrived.iter().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    for from in &minutes {
        let within = minutes.iter().filter(|at| (*from..from + 60).contains(at));
        assert!(within.count() <= 10);
    }
}

/// So many that the ones of the last hour are more than are remembered of others; and two receivers do not share a rate.
#[test]
fn a_rate_of_hundreds_an_hour_is_kept_to_as_well() {
    let both = vec![ChannelKind::Slack, ChannelKind::Webhook];
    let manner = Manner { channels: both, per_hour_max: 150, ..manner() };
    let storm: Vec<_> = (0..240).map(|n| trouble(&format!("tier_{n}"), Severity::Page)).collect();
    let (mut book, mut n_sent) = (Book::default(), 0);
    for minute in 0..59 {
        let now = at(minute * MINUTE);
        book.observe(&storm, &manner, now);
        for delivery in book.due(&manner, now) {
            book.settle(delivery.id, Ok(()), now);
            n_sent += 1;
        }
    }
    assert_eq!(n_sent, 300);
    assert_eq!(book.told.len(), 300);
    // What is older than an hour is remembered up to its bound.
    let now = at(121 * MINUTE);
    for delivery in book.due(&manner, now) {
        book.settle(delivery.id, Ok(()), now);
    }
    assert_eq!(book.told.len(), TOLD_MAX);
}

/// A clock is a day ahead for a while, and comes back: nothing waits for that day.
#[test]
fn times_that_a_clock_made_up_hold_nothing_up() {
    let down = || Err("down".to_owned());
    let mut book = Book::default();
    let ahead = at(24 * 60 * MINUTE);
    book.observe(&page(), &manner(), ahead);
    let delivery = &book.due(&manner(), ahead)[0];
    book.settle(delivery.id, down(), ahead);
    // It is sent again at once, …
    book.observe(&page(), &manner(), at(0));
    let due = book.due(&manner(), at(0));
    assert_eq!(due.len(), 1);
    book.settle(due[0].id, Ok(()), at(0));
    // … reminded of after its time, …
    let reminded = 4 * 60;
    book.observe(&page(), &manner(), at((reminded - 1) * MINUTE));
    assert!(book.outbox.is_empty());
    book.observe(&page(), &manner(), at(reminded * MINUTE));
    assert_eq!(book.outbox[0].message.kind, MessageKind::Reminder);
    // … and over after its quiet.
    book.observe(&[], &manner(), at((reminded + 10) * MINUTE));
    assert_eq!((book.episodes.len(), book.outbox[1].message.kind), (0, MessageKind::Resolved));
}

/// What was told while the clock was ahead was told within the last hour, for all that anybody knows.
#[test]
fn a_clock_that_is_set_back_does_not_double_the_rate() {
    let manner = Manner { per_hour_max: 1, ..manner() };
    let mut book = Book::default();
    let two = [trouble("error_rate", Severity::Page), trouble("pass_rate", Severity::Page)];
    let ahead = at(24 * 60 * MINUTE);
    book.observe(&two, &manner, ahead);
    let delivery = &book.due(&manner, ahead)[0];
    book.settle(delivery.id, Ok(()), ahead);
    let n_due = |book: &mut Book, minute: i64| {
        book.observe(&two, &manner, at(minute * MINUTE));
        book.due(&manner, at(minute * MINUTE)).len()
    };
    assert_eq!((n_due(&mut book, 0), n_due(&mut book, 59), n_due(&mut book, 60)), (0, 0, 1));
}

#[test]
fn without_a_receiver_episodes_are_still_known() {
    let mut book = Book::default();
    let manner = Manner { channels: Vec::new(), ..manner() };
    book.observe(&page(), &manner, at(0));
    assert_eq!((book.episodes.len(), book.outbox.len()), (1, 0));
}

#[test]
fn what_cannot_be_sent_for_long_has_its_bound_and_reminders_go_first() {
    let mut book = Book::default();
    book.observe(&page(), &manner(), at(0));
    let short = Manner { remind_every: Duration::from_secs(60), ..manner() };
    for minute in 1..=700 {
        book.observe(&page(), &short, at(minute * MINUTE));
    }
    assert_eq!(book.outbox.len(), OUTBOX_MAX);
    assert_eq!(book.n_dropped, 201);
    assert_eq!(book.outbox[0].message.kind, MessageKind::Alert);
}
