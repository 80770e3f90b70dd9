//! Black-box tests of `kubectl gcr-secret`, on a real control plane.

mod apply;
mod conflicts;
mod hosts;
mod secret;
mod setting;
