//! The policy: the commands that set it, the files that hold it, and its normal form.
//!
//! While files are read, `failhost`, `failsvc` and `failtrap` fill in a [draft]; when all
//! have been read without error it becomes the policy, and from then on only consoles change
//! it (`edit`). What settings exist, how they are read and how they are printed is one table
//! in `options`; what they mean is `fail_core::policy`'s. `fail` is in `ensemble`, the errors
//! that programs can tell apart in `codes`.

mod codes;
mod commands;
mod draft;
mod edit;
mod ensemble;
mod load;
mod normal;
mod options;
mod place;
mod site;
mod traps;
mod value;
mod views;
mod words;

pub use self::load::{Loaded, PolicyError, Read};
pub use self::normal::normal_form;
pub use self::options::settings;

pub(crate) use self::commands::furnish;
pub(crate) use self::load::{explain_file, load};
pub(crate) use self::place::{blame, here, misspelled};
pub(crate) use self::site::Site;
pub(crate) use self::words::words;
