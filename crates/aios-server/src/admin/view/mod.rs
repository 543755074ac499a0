//! What the dashboard shows, a file for each tab: the shapes are the API's own, so that what is kept and how parts
//! work can change without it.
//!
//! Nothing here changes anything, and nothing holds more than the log and the index hold: no raw text, no ids.

pub(crate) mod asked;
pub(crate) mod canary;
mod candidates;
pub(crate) mod cases;
pub(crate) mod events;
pub(crate) mod goldens;
pub(crate) mod hub;
pub(crate) mod hypotheses;
pub(crate) mod index;
pub(crate) mod live;
pub(crate) mod memory;
mod newest;
pub(crate) mod overview;
mod past;
pub(crate) mod privacy;
pub(crate) mod routing;
pub(crate) mod scene;
mod series;
pub(crate) mod settings;
pub(crate) mod stage;
mod tiles;
mod walk;

use super::shape::words;
