//! HTTP in: the gateway pipeline, the admin API and the control loop.
//!
//! Read `gateway/pipeline.rs`, then `controller.rs`: the two planes meet at the event log (up) and the
//! routing split (down), and nowhere else. This is the only crate that knows HTTP status codes.

mod admin;
pub mod alerts;
mod canary;
mod clients;
mod collected;
mod control_plane;
mod controller;
mod gateway;
mod given;
pub mod golden;
mod judge;
pub mod judging;
mod kept;
mod listener;
mod live;
pub mod load;
mod metrics;
mod nightly;
mod panics;
pub mod promotion;
pub mod recall;
mod recorder;
mod routing;
mod server;
mod shown;
mod simulated;
mod sink_metrics;
#[cfg(test)]
mod spoiled;
mod stall;
mod status;
mod trace;
mod unplugged;
mod whose;

pub use admin::{AdminConfig, AdminToken, Files, Page, PageFile, ReadOnly, Scope, Scopes};
pub use canary::{
    CanaryError, CanaryKeeper, CanarySettings, Checked, ControlConfig, Gate, GateError, Look,
    Order, Quiet, RowSource, Standing, Trial, Wish, split_of,
};
pub use clients::{ClientKey, Clients};
pub use controller::{Controller, ControllerState, HONORED_WITHIN};
pub use gateway::memory::{LocalEmbedder, MemoryConfig, MemoryMode, MemoryPlace};
pub use gateway::{Keys, OnUnscannable, SinkOptions, Sinks};
pub use given::{Given, Part, keep_given};
pub use judge::JudgeSettings;
pub use listener::ListenerConfig;
pub use live::{GatewayConfig, KnownNames, Live};
pub use nightly::{
    Night, NightReport, NightWork, Nightly, NightlyAt, Promotion, Served, StepReport, StepState,
    api_url, run_night, step_names,
};
pub use panics::watch_panics;
pub use routing::RoutingState;
pub use server::{Handle, Parts, ReloadState, Stopped, start};
pub use shown::{Shown, ShownSetting};
pub use simulated::serve_simulated;
pub use status::{ConfigStatus, Status};
pub use trace::{EventObserver, TraceContext};
pub use unplugged::{Pieces, Unplugged};
pub use whose::{Looked, Whose, WhoseError};
