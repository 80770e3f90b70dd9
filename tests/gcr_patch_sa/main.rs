//! Black-box tests of `kubectl gcr-patch-sa`, on a real control plane.

mod attach;
mod entries;
mod place;
mod removal;
mod selection;
mod waiting;
