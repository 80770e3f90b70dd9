//! Black-box tests of `kubectl gcr-secret`, on a real control plane.

mod apply;
mod attach;
mod canary;
mod certificates;
mod completion;
mod conflicts;
mod connection;
mod credential;
mod dry_run;
mod help;
mod hosts;
mod key_file;
mod listener;
mod merge;
mod namespaces;
mod output;
mod plugin;
mod recreate;
mod rights;
mod secret;
mod setting;
mod signals;
mod usage;
