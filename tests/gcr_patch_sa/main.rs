//! Black-box tests of `kubectl gcr-patch-sa`, on a real control plane.

mod attach;
mod connection;
mod dry_run;
mod entries;
mod errors;
mod help;
mod namespaces;
mod output;
mod owners;
mod patience;
mod place;
mod races;
mod removal;
mod rights;
mod selection;
mod signals;
mod silent_server;
mod typed_name;
mod waiting;
