//! A gateway under everything at once, for as long as is wanted: whole answers, streams, clients that leave, feedback,
//! reloads, erasures, rotations.
//!
//! Nothing may grow that is not meant to, and at the end the event log is held against what clients were told: each
//! event that was acknowledged is there, once, unless its conversation was erased; then it is not.

mod acts;
mod asks;
mod judge;
mod log;
mod trend;
mod vitals;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aios_store::DataDir;
use aios_upstream::Caller;
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::print_line;
use acts::Operator;
use asks::Told;
use vitals::{Vitality, Vitals};

/// How often the server is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// So many looks make a line.
const LOOKS_A_LINE: usize = 6;

/// Share of the time after which everything that is filled once is full, and the most that it takes.
const WARM_UP_SHARE: u32 = 5;
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

/// Soaks the server and says what came of it; false where a bar was missed.
pub(crate) async fn run(plan: Plan) -> Result<bool> {
    let dir = DataDir::read(&plan.dir).context("the data directory cannot be read")?;
    let token = dir.read_admin_token().context("the admin token cannot be read")?;
    let told = Arc::new(Told::default());
    let caller = Caller::new(&format!("http://{}/v1", plan.to), None)?;
    let admin = format!("http://{}", plan.admin);
    let operator = Operator::new(&admin, token.clone(), &plan.config, Arc::clone(&told))?;
    let vitality = Vitality::new(plan.pid, &admin, token);

    let began = Instant::now();
    let load = tokio::spawn(asks::fire(caller.clone(), Arc::clone(&told), plan.rate, plan.lasts));
    let acts = tokio::spawn(operator.act(caller, plan.lasts));
    let looks = watch(&plan, &vitality, &told, began).await?;
    load.await.context("the load broke")?;
    let acted = acts.await.context("the operator broke")??;
    let found = log::settle(&dir, &told).await?;
    let figures = judge::figures(&plan, &looks, &told, &acted, &found);
    judge::report(&plan, &figures)
}

/// Looks at the server until it is over; says now and then how it is.
async fn watch(
    plan: &Plan,
    vitality: &Vitality,
    told: &Told,
    began: Instant,
) -> Result<Vec<Vitals>> {
    let bar = bar(plan.lasts);
    let (mut looks, mut tick) = (Vec::new(), interval(LOOK_EVERY));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick.tick().await;
    while began.elapsed() < plan.lasts {
        tick.tick().await;
        let vitals = vitality.look(began.elapsed()).await?;
        bar.set_position(began.elapsed().as_secs());
        bar.set_message(format!("{vitals}, {told}"));
        looks.push(vitals);
        if looks.len().is_multiple_of(LOOKS_A_LINE) {
            bar.suspend(|| print_line(&format!("{vitals}, {told}")))?;
        }
    }
    bar.finish_and_clear();
    Ok(looks)
}

fn bar(lasts: Duration) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} s, {msg}");
    ProgressBar::new(lasts.as_secs())
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// From when on nothing may grow.
fn warm_up(lasts: Duration) -> Duration {
    (lasts / WARM_UP_SHARE).max(Duration::from_secs(30)).min(WARM_UP_MAX)
}
