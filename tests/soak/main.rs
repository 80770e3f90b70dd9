//! Tests races, kills and restarts, whose bugs appear only occasionally. The normal test run uses a short form; `cargo
//! xtask soak` runs the long form and prints figures.

#![cfg(unix)]

mod kills;
mod many_namespaces;
mod overwrites;
mod pull_observer;
mod races;
mod restarts;
mod rotation_kills;
mod rotation_pulls;
mod rotations;
mod rounds;
mod set_up;
