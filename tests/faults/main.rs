//! What the plugins make of a server that fails them: each fault by way of the proxy, real overload, and namespaces
//! that will not have it. After each, what was said is held against what the server holds, and a second run against
//! the first.

#![cfg(unix)]

mod answers;
mod cases;
mod conflicts;
mod credential;
mod halfway;
mod lists;
mod memory;
mod partial;
mod side_by_side;
mod small_server;
mod trial;
