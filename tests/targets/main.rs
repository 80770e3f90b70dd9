//! Black-box tests of runs over namespaces that are found, and over several clusters: both plugins, on a real control
//! plane.

mod all_namespaces;
mod contexts;
mod fixture;
mod interactive_login;
mod interruption;
mod report_file;
mod rights;
mod selection;
mod terminal;
mod terminating_namespaces;
mod usage;
