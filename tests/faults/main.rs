//! Tests the plugins against failing servers: every fault through the fault proxy, real overload, and namespaces that
//! reject writes. Each test compares the report with the stored objects, and a second run with the first.

#![cfg(unix)]

mod admission;
mod cases;
mod concurrency;
mod conflicts;
mod content_negotiation;
mod credential;
mod filtered_lists;
mod first_response;
mod lists;
mod memory_limit;
mod mixed_namespaces;
mod open_files;
mod partial_writes;
mod scenario;
mod small_server;
mod write_only_role;
mod writes;
