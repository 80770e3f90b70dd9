//! Black-box tests of runs over namespaces that are found, and over several clusters: both plugins, on a real control
//! plane.

mod all_namespaces;
mod contexts;
mod going_away;
mod interruption;
mod login;
mod report_file;
mod rights;
mod selection;
mod setting;
mod terminal;
mod usage;
