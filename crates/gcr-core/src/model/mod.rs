//! A small API server that loses answers, and writers that race against it through the real [`crate::cluster_run`].
//!
//! Tests only. The server stands for what is hard to make happen with a real one: an answer lost after the write, a
//! write that is carried out after its time was up, a conflict at every step. What it answers to an orderly request is
//! what a real API server answers; the black-box tests speak to one of those.

mod asked;
mod atomic_lists;
mod cluster_runs;
mod endings;
mod races;
mod rules;
mod scenario;
mod server;
mod store;
mod wire;
mod writer;
