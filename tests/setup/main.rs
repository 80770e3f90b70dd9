//! Black-box tests of `kubectl gcr-secret setup`, on a real control plane and the fake Google.

mod accounts;
mod bad_input;
mod canary;
mod clusters;
mod delete_key;
mod delete_key_interruption;
mod dry_run;
mod faults;
mod first_run;
mod fixture;
mod flags;
mod interruption;
mod keys;
mod operator;
mod output;
mod permissions;
mod propagation;
mod pull;
mod races;
mod rbac;
mod secrecy;
mod sources;
