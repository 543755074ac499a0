//! Who has the log of control.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aios_control::{ControlEvent, DecisionEvent, Rollout, Stages, StandingEvent};
use aios_core::{Actor, Decision, Percent, Timestamp};
use aios_privacy::RedactedText;
use aios_store::{ControlFault, ControlLog, DataDir, Term};
use tokio::sync::watch;

use super::error::CanaryError;
use super::listen::Heard;
use super::standing::Standing;

/// Keeps the canary's state and moves it, one after the other.
#[derive(Debug)]
pub struct CanaryKeeper {
    dir: DataDir,
    start: Percent,
    inner: Mutex<Inner>,
    standing: watch::Sender<Arc<Standing>>,
}

#[derive(Debug)]
pub(super) struct Inner {
    log: Result<ControlLog, ControlFault>,
    pub(super) rollout: Rollout,
    pub(super) heard: Option<Heard>,
}

/// What an operator asks for.
#[derive(Debug, Clone)]
pub struct Order {
    /// What.
    pub wish: Wish,
    /// Why.
    pub reason: RedactedText,
    /// Only if nothing has changed since this version.
    pub if_version: Option<u64>,
}

/// What an operator can wish.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wish {
    /// A new rollout that begins at this share.
    Reset(Percent),
    /// No further stage.
    Hold,
    /// An end of that.
    Resume,
    /// The next one of these stages, whatever is proven.
    Approve(Stages),
}

impl CanaryKeeper {
    /// Opens what is kept. `start` is where a canary begins of which nothing is kept.
    ///
    /// # Errors
    /// When this process does not own the directory, or the file cannot be read or written. A damaged file
    /// is no error here: with it everything is in control.
    pub fn open(dir: &DataDir, start: Percent) -> Result<Self, CanaryError> {
        let inner = Inner::open(dir, start)?;
        let standing = watch::Sender::new(Arc::new(inner.standing()));
        Ok(Self { dir: dir.clone(), start, inner: Mutex::new(inner), standing })
    }

    /// How it stands, now and whenever that changes.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Standing>> {
        self.standing.subscribe()
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing.borrow())
    }

    /// Does what an operator asks for.
    ///
    /// # Errors
    /// When it cannot be done or kept; then nothing has changed.
    pub fn decide(&self, order: Order, now: Timestamp) -> Result<Arc<Standing>, CanaryError> {
        let (mut inner, now) = (self.lock(), now.as_stored());
        let Order { wish, reason, if_version } = order;
        inner.must_be_at(if_version)?;
        if let (Wish::Reset(_), Err(fault)) = (wish, &inner.log) {
            tracing::warn!(%fault, "what was kept of the canary is put aside; it begins anew");
            ControlLog::put_aside(&self.dir, now)?;
            *inner = Inner::open(&self.dir, self.start)?;
        }
        let decision = inner.decision(wish)?;
        inner.decide(decision, Actor::Operator, reason, now)?;
        Ok(self.publish(&inner))
    }

    /// Removes what is past its time. Returns how many files.
    ///
    /// # Errors
    /// When a file cannot be read or removed.
    pub fn prune(&self, term: Term, now: Timestamp) -> Result<usize, CanaryError> {
        match &self.lock().log {
            Ok(log) => Ok(log.prune(term, now)?),
            Err(_) => Ok(0),
        }
    }

    /// Waits for its turn. After a panic the state is as it was before: it changes only behind the log.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn publish(&self, inner: &Inner) -> Arc<Standing> {
        let standing = Arc::new(inner.standing());
        self.standing.send_replace(Arc::clone(&standing));
        standing
    }
}

impl Inner {
    fn open(dir: &DataDir, start: Percent) -> Result<Self, CanaryError> {
        let (log, rollout) = match ControlLog::open::<ControlEvent>(dir)? {
            Ok((log, lines)) => {
                let lines = lines.iter().map(|kept| (kept.seq, &kept.record));
                (Ok(log), Rollout::fold(start, lines))
            }
            Err(fault) => {
                tracing::error!(%fault, "what is kept of the canary is damaged; everything is in control");
                (Err(fault), Rollout::new(start))
            }
        };
        Ok(Self { log, rollout, heard: None })
    }

    fn standing(&self) -> Standing {
        Standing { rollout: self.rollout.clone(), fault: self.log.as_ref().err().cloned() }
    }

    pub(super) fn must_be_at(&self, expected: Option<u64>) -> Result<(), CanaryError> {
        let found = self.rollout.version;
        match expected {
            Some(expected) if expected != found => Err(CanaryError::Conflict { expected, found }),
            Some(_) | None => Ok(()),
        }
    }

    fn decision(&self, wish: Wish) -> Result<Decision, CanaryError> {
        let canary = &self.rollout.canary;
        match wish {
            Wish::Reset(to) => Ok(Decision::Reset { to }),
            Wish::Hold => Ok(Decision::Hold),
            Wish::Resume => Ok(Decision::Resume),
            Wish::Approve(stages) => {
                let from = canary.treatment_pct;
                let to = stages.after(from).filter(|_| canary.phase.may_advance());
                let none = CanaryError::NoNextStage { phase: canary.phase.name(), pct: from.get() };
                Ok(Decision::Advance { from, to: to.ok_or(none)? })
            }
        }
    }

    pub(super) fn decide(
        &mut self,
        decision: Decision,
        actor: Actor,
        reason: RedactedText,
        now: Timestamp,
    ) -> Result<(), CanaryError> {
        self.keep(&ControlEvent::Decision(DecisionEvent { ts: now, decision, actor, reason }))?;
        tracing::info!(%decision, ?actor, version = self.rollout.version, "the canary has moved");
        match decision {
            Decision::Advance { to, .. } | Decision::RollBack { to, .. } => self.enter(to),
            Decision::MoveBoundary { .. } => self.enter(self.rollout.canary.treatment_pct),
            Decision::Reset { .. } => self.heard = None,
            Decision::Hold | Decision::Resume => {}
        }
        Ok(())
    }

    fn enter(&mut self, treatment: Percent) {
        let near = self.rollout.near;
        if let Some(heard) = &mut self.heard {
            heard.enter(treatment, near);
        }
    }

    /// Forces a line to disk; only then is it part of the state.
    pub(super) fn keep(&mut self, event: &ControlEvent) -> Result<(), CanaryError> {
        let log = self.log.as_mut().map_err(|fault| CanaryError::Fault(fault.clone()))?;
        log.roll_if_due(event.at())?;
        if log.is_empty() && self.rollout.version > 0 {
            let rollout = self.rollout.clone();
            let standing = StandingEvent { ts: event.at(), rollout };
            log.append(event.at(), &ControlEvent::Standing(Box::new(standing)))?;
        }
        let version = log.append(event.at(), event)?;
        self.rollout = self.rollout.clone().after(version, event);
        Ok(())
    }

    pub(super) fn must_be_sound(&self) -> Result<(), CanaryError> {
        self.log.as_ref().map(drop).map_err(|fault| CanaryError::Fault(fault.clone()))
    }
}
