//! Black-box tests of `kubectl gcr-patch-sa`, on a real control plane.

mod attach;
mod connection;
mod dry_run;
mod errors;
mod existing_entries;
mod field_managers;
mod fixture;
mod help;
mod invocation_name;
mod namespaces;
mod output;
mod permissions;
mod races;
mod removal;
mod restart_stuck;
mod retries;
mod selection;
mod signals;
mod unresponsive_server;
mod verify;
mod waiting;
