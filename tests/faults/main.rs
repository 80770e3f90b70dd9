//! What the plugins make of a server that fails them: each fault by way of the proxy, real overload, and namespaces
//! that will not have it. After each, what was said is held against what the server holds, and a second run against
//! the first.

#![cfg(unix)]

mod cases;
mod concurrency;
mod conflicts;
mod credential;
mod lists;
mod memory_limit;
mod mixed_namespaces;
mod partial_writes;
mod scenario;
mod small_server;
mod writes;
