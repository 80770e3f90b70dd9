//! Black-box tests of `kubectl gcr-patch-sa`, on a real control plane.

mod attach;
mod dry_run;
mod entries;
mod namespaces;
mod output;
mod owners;
mod place;
mod races;
mod removal;
mod rights;
mod selection;
mod waiting;
