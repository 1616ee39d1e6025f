//! The policy: the commands that set it, the files that hold it, and its normal form.
//!
//! While files are read, `failhost` and `failsvc` fill in a [draft](site::Draft); when all
//! have been read without error it becomes the policy, and from then on it stands still.
//! What settings exist, how they are read and how they are printed is one table in
//! `options`; what they mean is `fail_core::policy`'s.

mod commands;
mod edit;
mod load;
mod normal;
mod options;
mod place;
mod site;

pub use self::load::{Loaded, PolicyError};
pub use self::normal::normal_form;

pub(crate) use self::commands::furnish;
pub(crate) use self::load::load;
pub(crate) use self::place::misspelled;
pub(crate) use self::site::Site;
