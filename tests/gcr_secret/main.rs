//! Black-box tests of `kubectl gcr-secret`, on a real control plane.
