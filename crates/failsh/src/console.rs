//! The console of a failsh: `failsh -`, `failsh --attach` and `failsh --release`.

pub mod words;
