//! Black-box tests of `kubectl gcr-secret`, on a real control plane.

mod apply;
mod attach;
mod canary;
mod certificates;
mod completion;
mod conflicts;
mod connection;
mod credential_sources;
mod dry_run;
mod exec_plugin;
mod fixture;
mod help;
mod hosts;
mod key_file;
mod list;
mod listener;
mod merge;
mod namespaces;
mod output;
mod permissions;
mod recreate;
mod second_run;
mod secret_content;
mod signals;
mod usage;
