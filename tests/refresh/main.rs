//! Black-box tests of `kubectl gcr-secret refresh`, on a real control plane and the fake Google.

mod clusters;
mod documents;
mod due;
mod faults;
mod fixture;
mod guards;
mod output;
mod registries;
mod roles;
