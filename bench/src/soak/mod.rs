//! A gateway under everything at once, for as long as is wanted: whole answers, streams, clients that leave, feedback,
//! reloads, erasures, rotations.
//!
//! Nothing may grow that is not meant to, and at the end the event log is held against what clients were told: each
//! event that was acknowledged is there, once, unless its conversation was erased; then it is not.

mod acts;
mod asks;
mod handles;
mod judge;
mod log;
mod trend;
mod vitals;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aios_core::Verdict;
use aios_store::DataDir;
use aios_upstream::Caller;
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout_at};

use crate::print_line;
use acts::Operator;
use asks::Told;
use judge::Report;
use vitals::{Vitality, Vitals};

/// How often the server is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// So many looks make a line.
const LOOKS_A_LINE: usize = 6;

/// Share of the time after which everything that is filled once is full, and the least and the most that it takes.
const WARM_UP_SHARE: u32 = 5;
const WARM_UP_MIN: Duration = Duration::from_secs(30);
const WARM_UP_MAX: Duration = Duration::from_secs(300);

/// What is soaked, and how.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Address of the gateway.
    pub(crate) to: SocketAddr,
    /// Address of its admin API.
    pub(crate) admin: SocketAddr,
    /// Its data directory.
    pub(crate) dir: PathBuf,
    /// Its configuration, which is written anew for each reload.
    pub(crate) config: PathBuf,
    /// Its process.
    pub(crate) pid: u32,
    /// Requests a second.
    pub(crate) rate: f64,
    /// How long.
    pub(crate) lasts: Duration,
    /// Where the report goes as JSON.
    pub(crate) json: Option<PathBuf>,
}

/// How long it goes on: for its time, or until something fails that makes the rest worth nothing.
#[derive(Debug)]
pub(crate) struct Course {
    began: Instant,
    lasts: Duration,
    over: watch::Sender<bool>,
}

impl Course {
    fn new(lasts: Duration) -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), lasts, over: watch::Sender::new(false) })
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Waits until it has gone on for so long; false where it is over before, or at that time.
    async fn reaches(&self, at: Duration) -> bool {
        if at >= self.lasts {
            return false;
        }
        let mut over = self.over.subscribe();
        timeout_at(self.began + at, over.wait_for(|over| *over)).await.is_err()
    }

    /// Ends it early.
    fn end(&self) {
        self.over.send_replace(true);
    }
}

/// Soaks the server and says what came of it.
///
/// # Errors
/// For what fails before anything is sent, and where the report cannot be written. What fails later is found.
pub(crate) async fn run(plan: Plan) -> Result<Verdict> {
    let dir = DataDir::read(&plan.dir).context("the data directory cannot be read")?;
    let token = dir.read_admin_token().context("the admin token cannot be read")?;
    let told = Arc::new(Told::default());
    let caller = Caller::new(&format!("http://{}/v1", plan.to), None)?;
    let admin = format!("http://{}", plan.admin);
    let operator = Operator::new(&admin, token.clone(), &plan.config, Arc::clone(&told))?;
    let vitality = Vitality::new(&plan, token);
    let report = Report::to(plan.json.as_deref())?;
    vitality.look(Duration::ZERO).await?;

    let course = Course::new(plan.lasts);
    let load = asks::fire(caller.clone(), Arc::clone(&told), plan.rate, Arc::clone(&course));
    let load = tokio::spawn(load);
    let acts = spawn_local(operator.act(caller, Arc::clone(&course)));
    let (looks, gone) = watch(&vitality, &told, &course).await;
    let lasted = course.elapsed().min(plan.lasts);
    load.await.context("the load broke")?;
    let acted = acts.await.context("the operator broke")?;
    // One that was away and is back has not lasted either.
    let last = vitality.look(course.elapsed()).await.err();
    let ended = gone.or(last).map(|error| format!("{error:#}"));
    let found = log::settle(&dir, &told).await;
    let faults = log::faults(&dir);
    let seen = judge::Seen { lasted, looks, ended, acted, found, faults };
    let figures = judge::figures(&plan, seen, &told);
    report.write(&figures)
}

/// Looks at the server until it is over, or cannot be looked at, and why; says now and then how it is.
async fn watch(
    vitality: &Vitality,
    told: &Told,
    course: &Course,
) -> (Vec<Vitals>, Option<anyhow::Error>) {
    let (bar, mut looks, mut gone) = (bar(course.lasts), Vec::new(), None);
    while course.reaches(course.elapsed() + LOOK_EVERY).await {
        let vitals = match vitality.look(course.elapsed()).await {
            Ok(vitals) => vitals,
            Err(error) => {
                course.end();
                gone = Some(error);
                break;
            }
        };
        bar.set_position(vitals.at.as_secs());
        bar.set_message(format!("{vitals}, {told}"));
        looks.push(vitals);
        if looks.len().is_multiple_of(LOOKS_A_LINE) {
            // Whoever has gone does not end it: there is a report.
            drop(bar.suspend(|| print_line(&format!("{vitals}, {told}"))));
        }
    }
    bar.finish_and_clear();
    (looks, gone)
}

fn bar(lasts: Duration) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} s, {msg}");
    ProgressBar::new(lasts.as_secs())
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// From when on nothing may grow.
fn warm_up(lasts: Duration) -> Duration {
    (lasts / WARM_UP_SHARE).clamp(WARM_UP_MIN, WARM_UP_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_course_is_over_after_its_time_or_when_it_is_ended() {
        let [long, longer] = [3_600, 7_200].map(Duration::from_secs);
        let course = Course::new(longer);
        assert!(course.reaches(Duration::ZERO).await);
        // Nobody waits for what would be after its end.
        assert!(!course.reaches(longer).await);
        // Whoever waits is told at once, and whoever comes later, too.
        let (reached, ()) = tokio::join!(course.reaches(long), async { course.end() });
        assert!(!reached && !course.reaches(Duration::ZERO).await);
        assert!(course.elapsed() < long);
    }
}
