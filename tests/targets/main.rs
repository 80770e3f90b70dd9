//! Runs black-box tests of both plugins on a real control plane: selection of namespaces, and several clusters.

mod all_namespaces;
mod contexts;
mod fixture;
mod foreign_credentials;
mod inspection;
mod interactive_login;
mod interruption;
mod report_file;
mod rights;
mod selection;
mod terminal;
mod terminating_namespaces;
mod usage;
