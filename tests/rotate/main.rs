//! Black-box tests of `kubectl gcr-secret rotate`, on a real control plane and the fake Google.

mod accounts;
mod changed_secrets;
mod clusters;
mod documents;
mod dry_run;
mod fixture;
mod flags;
mod permissions;
mod propagation;
mod races;
mod resume;
mod roles;
mod rotation;
mod secrecy;
mod secrets;
mod stragglers;
