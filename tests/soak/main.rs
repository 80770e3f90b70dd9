//! Races, kills and restarts: what shows itself only now and then. A short form in the plain tests; `cargo xtask soak`
//! runs the long one and prints the figures.

#![cfg(unix)]

mod kills;
mod many_namespaces;
mod overwrites;
mod races;
mod restarts;
mod rounds;
