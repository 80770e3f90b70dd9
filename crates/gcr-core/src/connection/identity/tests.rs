//! Whose requests they are: credentials, impersonation and what refuses to go together.
