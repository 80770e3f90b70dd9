//! Tokens of an OIDC provider, kept and renewed.
