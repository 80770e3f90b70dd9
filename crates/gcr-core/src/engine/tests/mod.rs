//! Tests the engine with resources and a query that exist in these tests only: objects of a Google project and of a file, an
//! action that may happen at most once, and rows.

mod interruption;
mod order;
mod queries;
mod reports;
mod thing;
