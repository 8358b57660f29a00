//! Surgetank's kernel: a deterministic discrete-event simulator of queues, limiters and semaphores.
//!
//! This crate knows queues, not Argo. It has no input or output, no wall clock, no threads, no
//! `unsafe` and no global state, and it compiles to `wasm32-unknown-unknown`.

pub mod arrival;
pub mod backoff;
pub mod dist;
pub mod kernel;
pub mod limiter;
pub mod observe;
pub mod policy;
pub mod queue;
pub mod random;
pub mod semaphore;
pub mod stats;
pub mod time;
